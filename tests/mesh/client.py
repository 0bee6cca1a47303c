"""The NHS's own client, as X26ABC2: `send [TYPE [CHUNK]]` takes a body on standard input, `receive` prints what lies in the mailbox,
`track ID` where a message is that it sent."""

import json
import sys

from mesh_client import MeshClient

url, command, *more = sys.argv[1:]
chunk = int(more[1]) if len(more) > 1 else 16
with MeshClient(url, "X26ABC2", "password", shared_key=b"TestKey", max_chunk_size=chunk, transparent_compress=True) as client:
    client.handshake()
    if command == "send":
        body = sys.stdin.buffer.read()
        kind = more[0] if more else "application/json"
        print(client.send_message("X26ABC1", body, workflow_id="TEST_WORKFLOW_ACK", local_id="theirs-1", content_type=kind))
    if command == "track":
        print(client.track_message(more[0])["status"])
    for message in client.iterate_all_messages() if command == "receive" else ():
        body = message.read().decode()
        fields = ["sender", "workflow_id", "local_id", "subject", "content_type"]
        print(json.dumps({"body": body, **{field: getattr(message, field) for field in fields}}))
        message.acknowledge()
