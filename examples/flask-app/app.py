"""A Flask app behind the gate. It has no session code: the gate says who is there.

Anyone who reaches this server directly can claim to be anyone, so it listens on loopback only.
"""

import json
from urllib.parse import unquote

from flask import Flask, redirect, render_template_string, request

app = Flask(__name__)

LOGIN = """<!doctype html><html lang="en"><title>Log in</title>
<h1>Log in</h1>
<form method="post">
  <label>Your name <input name="user" required></label>
  <input type="hidden" name="return_to" value="{{ return_to }}">
  <button>Log in</button>
</form>"""

HOME = """<!doctype html><html lang="en"><title>Home</title>
<h1>Hello {{ user }}</h1>
<p><a href="/auth/sessions">Your devices</a> <a href="/logout">Log out</a></p>
<form method="post" action="/logout"><button name="scope" value="all">Log out everywhere</button></form>"""


@app.get("/")
def home():
    # Always there: the gate lets nobody without a session come to this route.
    return render_template_string(HOME, user=unquote(request.headers["Gate-User"]))


@app.get("/login")
def login_form():
    return render_template_string(LOGIN, return_to=own_path(request.args.get("return_to", "/")))


@app.post("/login")
def login():
    # A real application checks a password here.
    answer = redirect(own_path(request.form.get("return_to", "/")), 303)
    answer.headers["Gate-Create-Session"] = json.dumps({"userId": request.form["user"]})
    return answer


def own_path(target):
    """The target if it stays on this site, for a link may carry any address."""
    # Browsers read `//` and `/\` as the start of another host, and drop tabs and newlines first.
    stays = target.startswith("/") and target[1:2] not in ("/", "\\") and target.isprintable()
    return target if stays else "/"
