"""A small OpenID Connect provider, and what stands between it and nginx in place of oauth2-proxy.

oauth2-proxy itself is not in the package registries. The stand-in has its addresses and headers (/oauth2/start,
/oauth2/callback, /oauth2/auth, X-Auth-Request-Email) and does the provider's code flow with state and PKCE. Both listen
on loopback.
"""

import base64
import hashlib
import json
import secrets
import threading
import urllib.request
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Listening:
    """A server on loopback that answers GET and POST with `answer(path, parameters, cookies)`."""

    def __init__(self):
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                address = urlsplit(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
                parameters = dict(parse_qsl(address.query) + parse_qsl(body))
                status, headers, text = answer(address.path, parameters, SimpleCookie(self.headers["Cookie"] or ""))
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(text))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            do_POST = do_GET  # noqa: N815 - the names that http.server looks for

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Provider(Listening):
    """A provider whose only user is logged in already: it gives a code, and for the code an identity token."""

    def __init__(self, email):
        self.email, self.codes = email, {}
        super().__init__()

    def answer(self, path, parameters, _):
        if path == "/authorize":
            code = secrets.token_urlsafe()
            self.codes[code] = parameters["code_challenge"]
            back = urlencode({"code": code, "state": parameters["state"]})
            return 302, {"Location": f"{parameters['redirect_uri']}?{back}"}, ""
        challenge = self.codes.pop(parameters["code"], None)
        if challenge != encoded(hashlib.sha256(parameters["code_verifier"].encode()).digest()):
            return 400, {}, ""
        claims = {"iss": f"http://127.0.0.1:{self.port}", "aud": "netdash", "sub": "7", "email": self.email}
        token = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "none"}, claims)) + "."
        return 200, {"Content-Type": "application/json"}, json.dumps({"id_token": token})


class Gate(Listening):
    """In place of oauth2-proxy. It asks the provider itself, over a line of its own, and so needs no signature."""

    def __init__(self, provider):
        self.provider, self.public, self.users, self.waiting = f"http://127.0.0.1:{provider.port}", "", {}, {}
        super().__init__()

    def answer(self, path, parameters, cookies):
        if path == "/oauth2/auth":
            user = self.users.get(cookies["gate"].value) if "gate" in cookies else None
            return (202, {"X-Auth-Request-Email": user}, "") if user else (401, {}, "")
        back = f"{self.public}oauth2/callback"
        if path == "/oauth2/start":
            state, verifier = secrets.token_urlsafe(), secrets.token_urlsafe()
            self.waiting[state] = verifier, parameters["rd"]
            challenge = encoded(hashlib.sha256(verifier.encode()).digest())
            asked = {"client_id": "netdash", "response_type": "code", "scope": "openid email", "redirect_uri": back}
            asked |= {"state": state, "code_challenge": challenge, "code_challenge_method": "S256"}
            return 302, {"Location": f"{self.provider}/authorize?{urlencode(asked)}"}, ""
        verifier, after = self.waiting.pop(parameters["state"])
        asked = {"grant_type": "authorization_code", "code": parameters["code"], "code_verifier": verifier}
        with urllib.request.urlopen(f"{self.provider}/token", urlencode(asked).encode()) as answer:
            token = json.load(answer)["id_token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        name = secrets.token_urlsafe()
        self.users[name] = claims["email"]
        return 302, {"Location": after, "Set-Cookie": f"gate={name}; Path=/; HttpOnly; Secure; SameSite=Lax"}, ""
