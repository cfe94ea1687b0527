"""A WSGI application with a secret, which finds its pages by the path as WSGI gives it: decoded once.

With the argument `thorough` it reads the path in every way that is usual before it looks for a page."""

import posixpath
import re
import sys
from urllib.parse import unquote
from wsgiref.simple_server import make_server

PAGES = {"/admin/secret.txt": b"the secret", "/pub/style.css": b"a style"}


def thorough(path):
    path = re.sub(";[^/]*", "", unquote(path))
    return posixpath.normpath(path).replace("//", "/").lower()


def application(environ, start_response):
    path = environ["PATH_INFO"]
    page = PAGES.get(thorough(path) if "thorough" in sys.argv else path)
    start_response("404 Not Found" if page is None else "200 OK", [("Content-Type", "text/plain")])
    return [page or b"nothing here"]


with make_server("127.0.0.1", 0, application) as server:
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()
