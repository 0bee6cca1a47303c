"""Takes webhooks, and believes only what is signed: WEBHOOK_SECRET=whsec_... python3 verify.py PORT

Needs standardwebhooks (pip install standardwebhooks), the official library; there are others for C#, Java, PHP, Go and JavaScript. Put it
behind a proxy with TLS.
"""
import http.server
import os
import sys

import standardwebhooks

WEBHOOK = standardwebhooks.Webhook(os.environ["WEBHOOK_SECRET"])
# A table with a unique index in a real system: what has been seen before is answered with 204 and dropped.
SEEN = set()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            # Looks at the signature and at the time: more than five minutes old is somebody else's copy.
            event = WEBHOOK.verify(body, {name.lower(): value for name, value in self.headers.items()})
        except standardwebhooks.WebhookVerificationError as wrong:
            return self.answer(401, str(wrong))
        if event["id"] not in SEEN:
            # Keep it before you answer: 2xx says that you have it, and it will not come again.
            SEEN.add(event["id"])
            print(event["type"], event["data"]["sequence"], event["data"]["dueBy"], flush=True)
        return self.answer(204)

    def answer(self, status, text=""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        """Nothing of a request goes into a log."""


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
print(f"listening at http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
