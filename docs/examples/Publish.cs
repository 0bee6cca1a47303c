// Publishes a document and prints its receipt. dotnet add package RabbitMQ.Client --version 7.1.2
//
//   AMQP_URL=amqps://kent:PASSWORD@hub.example/placement-hub dotnet run E10000016 placement-change move.json

using System.Text;
using System.Text.Json;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

var (organisation, messageType, document) = (args[0], args[1], await File.ReadAllBytesAsync(args[2]));
var messageId = JsonDocument.Parse(document).RootElement.GetProperty("messageId").GetString();

var factory = new ConnectionFactory { Uri = new Uri(Environment.GetEnvironmentVariable("AMQP_URL")!) };
await using var connection = await factory.CreateConnectionAsync();
// With confirms tracked, BasicPublishAsync returns when the broker has the message on disk, and throws where it refuses or returns it.
var confirms = new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);
await using var channel = await connection.CreateChannelAsync(confirms);

// Receipts of everything that the organisation sends come here, in no promised order.
var receipt = new TaskCompletionSource<string>();
var consumer = new AsyncEventingBasicConsumer(channel);
consumer.ReceivedAsync += async (_, delivered) =>
{
    // The body is good only until this returns, so it is copied out first.
    var body = Encoding.UTF8.GetString(delivered.Body.Span);
    await channel.BasicAckAsync(delivered.DeliveryTag, multiple: false);
    if (delivered.BasicProperties.MessageId == messageId) receipt.TrySetResult(body);
};
await channel.BasicConsumeAsync($"placement-hub.receipts.{organisation}", autoAck: false, consumer);

var properties = new BasicProperties
{
    ContentType = "application/json",
    DeliveryMode = DeliveryModes.Persistent,
    MessageId = messageId,
    // The broker checks it, and the hub holds it against the publisher in the document.
    UserId = factory.UserName,
};
await channel.BasicPublishAsync("placement-hub.intake", $"{messageType}.{organisation}", mandatory: true, properties, document);

var text = await receipt.Task.WaitAsync(TimeSpan.FromMinutes(1));
Console.WriteLine(text);
// What is rejected was not taken on: mend every reason, and send it under a new messageId.
return JsonDocument.Parse(text).RootElement.GetProperty("verdict").GetString() == "rejected" ? 1 : 0;
