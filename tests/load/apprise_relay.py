"""The same message sent with Apprise. What the gateway is measured against, beside the naive relay.

It does for each request what apprise-api does for a stateless one: a new `Apprise` object, the address
of the service added to it, then `notify`. Apprise's pause between two messages of one object is switched
off, as each object sends one.
"""

import os

from apprise import Apprise
from apprise.plugins.signal_api import NotifySignalAPI
from flask import Flask, request

from wsgi import app as gateway

NotifySignalAPI.request_rate_per_sec = 0

app = Flask(__name__)
app.extensions = gateway.extensions  # what gunicorn.conf.py looks for


@app.post("/v2/send")
def relay() -> tuple[str, int]:
    document = request.json
    assert isinstance(document, dict)
    server = os.environ["SIGNAL_API_URL"].removeprefix("http://")
    recipient = document["To"].replace(" ", "")
    service = Apprise()
    service.add(f"signal://{server}/{document['From']}/{recipient}")
    return "", 201 if service.notify(body=document["Message"]) else 502
