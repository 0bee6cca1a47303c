"""Everything that a user of the broker might try, each on a channel of its own: prints what the broker said to each as JSON.

Arguments: the URL, the organisation's code (with its place), and the code of another. "own ..." is what it ought to be able to do.
"""
import json
import sys

import pika

URL, CODE, OTHER = sys.argv[1:4]
CONNECTION = pika.BlockingConnection(pika.URLParameters(URL))
INTAKE, REJECTED, RECEIPTS, DELIVERIES = (f"placement-hub.{name}" for name in ("intake", "rejected", "receipts", "deliveries"))
USER = pika.URLParameters(URL).credentials.username


def publish(exchange, key, user_id=None):
    def attempt(channel):
        channel.confirm_delivery()
        channel.basic_publish(exchange, key, b"{}", pika.BasicProperties(user_id=user_id, expiration="0"))

    return attempt


def get(queue):
    return lambda channel: channel.basic_get(queue)


def consume(queue):
    return lambda channel: channel.basic_cancel(channel.basic_consume(queue, lambda *_: None))


def bind(queue, exchange, key):
    return lambda channel: channel.queue_bind(queue, exchange, key)


TRIES = {
    "own placement-change": publish(INTAKE, f"placement-change.{CODE}"),
    "own acknowledgement": publish(INTAKE, f"acknowledgement.{CODE}", USER),
    "own receipts": get(f"{RECEIPTS}.{CODE}"),
    "own deliveries": get(f"{DELIVERIES}.{CODE}"),
    "own deliveries, consumed": consume(f"{DELIVERIES}.{CODE}"),
    # RabbitMQ asks for no right to look whether a queue is there, and says how many messages wait in it.
    "known: count another's deliveries": lambda channel: channel.queue_declare(f"{DELIVERIES}.{OTHER}", passive=True),
    "forge user_id": publish(INTAKE, f"placement-change.{CODE}", "placement-hub"),
    "publish as another": publish(INTAKE, f"placement-change.{OTHER}"),
    "publish a type that is not its own": publish(INTAKE, f"referral-update.{CODE}"),
    "publish with more behind the key": publish(INTAKE, f"placement-change.{CODE}.x"),
    "publish with a line feed behind the key": publish(INTAKE, f"placement-change.{CODE}\n"),
    "publish with more before the key": publish(INTAKE, f"x.placement-change.{CODE}"),
    "publish with an empty key": publish(INTAKE, ""),
    "publish a receipt": publish(RECEIPTS, OTHER),
    "publish a delivery": publish(DELIVERIES, OTHER),
    "publish a delivery to itself": publish(DELIVERIES, CODE),
    "publish to the rejected": publish(REJECTED, "x"),
    "publish straight into the intake queue": publish("", INTAKE),
    "publish straight into another's queue": publish("", f"{DELIVERIES}.{OTHER}"),
    "publish to a stock exchange": publish("amq.topic", "x"),
    "read the intake": get(INTAKE),
    "consume the intake": consume(INTAKE),
    "read the rejected": get(REJECTED),
    "read another's deliveries": get(f"{DELIVERIES}.{OTHER}"),
    "consume another's deliveries": consume(f"{DELIVERIES}.{OTHER}"),
    "read another's receipts": get(f"{RECEIPTS}.{OTHER}"),
    "purge the intake": lambda channel: channel.queue_purge(INTAKE),
    "purge another's deliveries": lambda channel: channel.queue_purge(f"{DELIVERIES}.{OTHER}"),
    "delete its own queue": lambda channel: channel.queue_delete(f"{DELIVERIES}.{CODE}"),
    "delete another's queue": lambda channel: channel.queue_delete(f"{DELIVERIES}.{OTHER}"),
    "delete the intake": lambda channel: channel.queue_delete(INTAKE),
    "declare a queue": lambda channel: channel.queue_declare("spy"),
    "declare an exclusive queue": lambda channel: channel.queue_declare("", exclusive=True),
    "declare an exchange": lambda channel: channel.exchange_declare("spy", "fanout"),
    "delete an exchange": lambda channel: channel.exchange_delete(INTAKE),
    "bind its receipts to all receipts": bind(f"{RECEIPTS}.{CODE}", RECEIPTS, "#"),
    "bind its deliveries to another's": bind(f"{DELIVERIES}.{CODE}", DELIVERIES, OTHER),
    "bind its deliveries to the intake": bind(f"{DELIVERIES}.{CODE}", INTAKE, "#"),
    "unbind the intake": lambda channel: channel.queue_unbind(INTAKE, INTAKE, "#"),
    "bind the intake behind all receipts": lambda channel: channel.exchange_bind(INTAKE, RECEIPTS, "#"),
    "bind exchanges": lambda channel: channel.exchange_bind("amq.fanout", INTAKE, "#"),
}

said = {}
for what, attempt in TRIES.items():
    channel = CONNECTION.channel()
    try:
        attempt(channel)
        said[what] = "ok"
    except pika.exceptions.ChannelClosedByBroker as refused:
        said[what] = str(refused.reply_code)
    if channel.is_open:
        channel.close()
print(json.dumps(said))
