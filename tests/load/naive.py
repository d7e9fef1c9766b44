"""The least that a relay can be: it reads the JSON and posts it. What the gateway is measured against."""

import os

import requests
from flask import Flask, request

from app.settings import Settings

app = Flask(__name__)
# What gunicorn.conf.py and its worker look for.
app.extensions.update(settings=Settings(signal_urls=("any",)), sentences={})
session = requests.Session()


@app.post("/v2/send")
def relay() -> tuple[bytes, int]:
    answer = session.post(os.environ["SIGNAL_API_URL"] + "/v2/send", json=request.json)
    return answer.content, answer.status_code
