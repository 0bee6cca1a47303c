"""Serves the NHS's MESH sandbox on a free port of loopback, and ends when its standard input does: no test leaves one behind."""

import os
import sys
import threading

import uvicorn


def end_with_stdin():
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=end_with_stdin, daemon=True).start()
sys.argv[1:] = ["mesh_sandbox.api:app", "--host", "127.0.0.1", "--port", "0", "--no-access-log", *sys.argv[1:]]
uvicorn.main()
