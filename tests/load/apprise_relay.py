"""The same message sent with Apprise. What the gateway is measured against, beside the naive relay.

It does for each request what apprise-api does for a stateless one: a new `Apprise` object, the address
of the service added to it, then `notify`. It is spared what apprise-api does around that (Django, an
asset for each request). Apprise's pause between two messages of one object would be for nothing here,
as each object sends one; it is switched off all the same.
"""

import os

from apprise import Apprise
from apprise.plugins.signal_api import NotifySignalAPI
from flask import Flask, request

from app.settings import Settings

NotifySignalAPI.request_rate_per_sec = 0

app = Flask(__name__)
# What gunicorn.conf.py and its worker look for.
app.extensions.update(settings=Settings(signal_urls=("any",)), sentences={})


@app.post("/v2/send")
def relay() -> tuple[str, int]:
    document = request.json
    assert isinstance(document, dict)
    server = os.environ["SIGNAL_API_URL"].removeprefix("http://")
    recipient = document["To"].replace(" ", "")
    service = Apprise()
    service.add(f"signal://{server}/{document['From']}/{recipient}")
    return "", 201 if service.notify(body=document["Message"]) else 502
