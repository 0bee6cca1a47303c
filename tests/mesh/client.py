"""The NHS's own client, as X26ABC2: `send` takes a body on standard input, `receive` prints what lies in the mailbox."""

import json
import sys

from mesh_client import MeshClient

url, command = sys.argv[1:3]
with MeshClient(url, "X26ABC2", "password", shared_key=b"TestKey", max_chunk_size=16, transparent_compress=True) as client:
    client.handshake()
    if command == "send":
        body = sys.stdin.buffer.read()
        print(client.send_message("X26ABC1", body, workflow_id="TEST_WORKFLOW_ACK", local_id="theirs-1", content_type="application/json"))
    for message in client.iterate_all_messages() if command == "receive" else ():
        body = message.read().decode()
        fields = ["sender", "workflow_id", "local_id", "subject", "content_type"]
        print(json.dumps({"body": body, **{field: getattr(message, field) for field in fields}}))
        message.acknowledge()
