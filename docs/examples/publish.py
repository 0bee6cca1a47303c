"""Publishes a document and prints its receipt.

    AMQP_URL=amqps://kent:PASSWORD@hub.example/placement-hub python3 publish.py E10000016 placement-change move.json

Needs pika (pip install pika). Two things make sure that nothing is lost: the broker's confirm says that it has the message, and the
receipt says what the hub made of it. Without a confirm, send again: the same messageId is never taken twice.
"""
import json
import os
import sys

import pika

organisation, message_type, file = sys.argv[1:4]
with open(file, "rb") as opened:
    document = opened.read()
message_id = json.loads(document)["messageId"]

parameters = pika.URLParameters(os.environ["AMQP_URL"])
with pika.BlockingConnection(parameters) as connection:
    channel = connection.channel()
    channel.confirm_delivery()
    # Returns when the broker has it on disk; raises where it refuses, or where nobody would get it.
    channel.basic_publish(
        exchange="placement-hub.intake",
        routing_key=f"{message_type}.{organisation}",
        body=document,
        properties=pika.BasicProperties(
            content_type="application/json",
            delivery_mode=2,
            message_id=message_id,
            # The broker checks it, and the hub holds it against the publisher in the document.
            user_id=parameters.credentials.username,
        ),
        mandatory=True,
    )
    # Receipts of everything that the organisation sends come here, in no promised order.
    for frame, properties, body in channel.consume(f"placement-hub.receipts.{organisation}", inactivity_timeout=60):
        if body is None:
            sys.exit("no receipt within a minute: the hub may be away. The message is safe; its receipt will come.")
        channel.basic_ack(frame.delivery_tag)
        if properties.message_id == message_id:
            receipt = json.loads(body)
            break
    channel.cancel()

print(json.dumps(receipt, indent=2))
# What is rejected was not taken on: mend every reason, and send it under a new messageId.
sys.exit(1 if receipt["verdict"] == "rejected" else 0)
