"""Fetches what is for an organisation, keeps it, and only then says so.

    HUB=https://hub.example TOKEN_FILE=token python3 follow.py E06000043 FOLDER

Needs nothing but Python. It ends when nothing is left: run it every minute; or with WAIT=60 again and again, then it hears at once.
"""
import json
import os
import sys
import urllib.request
from pathlib import Path

organisation, folder = sys.argv[1], Path(sys.argv[2])
feed = f"{os.environ['HUB']}/api/v1/feeds/{organisation}"
token = Path(os.environ["TOKEN_FILE"]).read_text().strip()


def ask(url, body=None):
    request = urllib.request.Request(url, data=body, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=90) as answer:
        return answer.read()


def keep(name, text):
    """Written, on the disk, and only then under its name."""
    unfinished = folder / f"{name}.unfinished"
    with open(unfinished, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / name)


while True:
    # Where to go on from. Without it a feed is read from its beginning, which does no harm.
    after = (folder / "cursor").read_text() if (folder / "cursor").exists() else ""
    page = json.loads(ask(f"{feed}?limit=100&wait={os.environ.get('WAIT', '0')}&after={after}".removesuffix("&after=")))
    if not page["items"]:
        break
    for event in page["items"]:
        # One file for each, by its id: what comes again overwrites itself.
        keep(f"{event['id']}.json", json.dumps(event))
        print(event["type"], event["data"]["sequence"], event["data"]["dueBy"])
    # From here on they count as delivered.
    ask(f"{feed}/collected", json.dumps({"upTo": page["next"]}).encode())
    keep("cursor", page["next"])
