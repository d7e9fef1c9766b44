"""The least that a relay can be: it reads the JSON and posts it. What the gateway is measured against."""

import os

import requests
from flask import Flask, request

from wsgi import app as gateway

app = Flask(__name__)
app.extensions = gateway.extensions  # what gunicorn.conf.py looks for


@app.post("/v2/send")
def relay() -> tuple[bytes, int]:
    answer = requests.post(os.environ["SIGNAL_API_URL"] + "/v2/send", json=request.json)
    return answer.content, answer.status_code
