"""A SAML service provider of pysaml2 on one port: python3 pysaml2.py FOLDER PORT IDP_ENTITY_ID

FOLDER has idp.xml, sp.key and sp.crt. /page is protected and prints what the assertion said as JSON; /page?binding=post asks by
a form. /sign-out begins a single logout by SOAP (?binding=redirect: through the browser).
"""
import json
import logging
import sys
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import path
from secrets import token_hex
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, BINDING_SOAP
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.ident import code
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT
from saml2.saml import NAMESPACE as NAMESPACE_ASSERTION
from saml2.samlp import NAMESPACE as NAMESPACE_PROTOCOL
from saml2.xmldsig import DIGEST_SHA256, NAMESPACE as NAMESPACE_SIGNATURE, SIG_RSA_SHA256, DefaultSignature

folder, port, idp = sys.argv[1], int(sys.argv[2]), sys.argv[3]
base = f"http://localhost:{port}"
sessions = {}
logging.basicConfig(stream=sys.stderr, level=logging.INFO)


def configuration():
    return SPConfig().load({
        "entityid": f"{base}/sp",
        "xmlsec_binary": "/usr/bin/xmlsec1",
        "key_file": path.join(folder, "sp.key"),
        "cert_file": path.join(folder, "sp.crt"),
        "encryption_keypairs": [{"key_file": path.join(folder, "sp.key"), "cert_file": path.join(folder, "sp.crt")}],
        "signing_algorithm": SIG_RSA_SHA256,
        "digest_algorithm": DIGEST_SHA256,
        "accepted_time_diff": 60,
        "allow_unknown_attributes": True,
        "metadata": {"local": [path.join(folder, "idp.xml")]},
        "service": {"sp": {
            "authn_requests_signed": True,
            "logout_requests_signed": True,
            "logout_responses_signed": True,
            "want_assertions_signed": True,
            "want_response_signed": False,
            "allow_unsolicited": False,
            "name_id_format": [NAMEID_FORMAT_PERSISTENT],
            "endpoints": {
                "assertion_consumer_service": [(f"{base}/acs", BINDING_HTTP_POST)],
                "single_logout_service": [(f"{base}/slo/soap", BINDING_SOAP), (f"{base}/slo", BINDING_HTTP_REDIRECT)],
            },
        }},
    })


# It takes a message out of its SOAP envelope by writing it anew, with prefixes of its own unless it is told which:
# then no signature holds.
for prefix, namespace in (("samlp", NAMESPACE_PROTOCOL), ("saml", NAMESPACE_ASSERTION), ("", NAMESPACE_SIGNATURE)):
    ElementTree.register_namespace(prefix, namespace)
# What the configuration says reaches redirects alone; elsewhere it is this, by itself SHA-1.
DefaultSignature(SIG_RSA_SHA256, DIGEST_SHA256)
client = Saml2Client(config=configuration())
asked = {}


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b"", kind="application/json", headers=()):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_saml(self, info, status=200):
        """What pysaml2 prepared for a binding: a redirect, a form or a SOAP answer."""
        headers = dict(info["headers"])
        if "Location" in headers:
            return self.answer(302, headers=[("Location", headers["Location"])])
        body = info["data"]
        return self.answer(status, "".join(body) if isinstance(body, list) else body, headers.get("Content-type", "text/html"))

    def sign_in_session(self):
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("pysaml2")
        return sessions.get(cookie.value) if cookie else None

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def do_GET(self):
        self.route(parse_qs(urlsplit(self.path).query))

    def do_POST(self):
        self.posted = self.body()
        self.route(parse_qs(self.posted.decode("utf-8", "replace")))

    def route(self, given):
        try:
            handler = pages.get(urlsplit(self.path).path)
            return handler(self, {name: values[0] for name, values in given.items()}) if handler else self.answer(404)
        except Exception as trouble:  # the story reads what went wrong
            logging.exception("%s", self.path)
            return self.answer(400, json.dumps({"error": f"{type(trouble).__name__}: {trouble}"}))

    def metadata(self, _given):
        self.answer(200, entity_descriptor(client.config).to_string(), "application/samlmetadata+xml")

    def page(self, given):
        session = self.sign_in_session()
        if session:
            return self.answer(200, json.dumps(session["said"]))
        binding = BINDING_HTTP_POST if given.get("binding") == "post" else BINDING_HTTP_REDIRECT
        request_id, _binding, info = client.prepare_for_negotiated_authenticate(
            entityid=idp, relay_state="/page", binding=binding, nameid_format=NAMEID_FORMAT_PERSISTENT, sign=given.get("sign") != "no")
        asked[request_id] = "/page"
        return self.send_saml(info)

    def acs(self, given):
        answer = client.parse_authn_request_response(given["SAMLResponse"], BINDING_HTTP_POST, outstanding=asked)
        name = answer.get_subject()
        client.users.add_information_about_person(answer.session_info())
        handle = token_hex(16)
        sessions[handle] = {"name": code(name), "name_id": name, "said": {
            "attributes": answer.ava, "name_id": name.text, "format": name.format, "index": answer.session_info()["session_index"],
            "encrypted": "EncryptedAssertion" in answer.xmlstr if isinstance(answer.xmlstr, str) else b"EncryptedAssertion" in answer.xmlstr,
        }}
        self.answer(302, headers=[("Location", f"{base}{given.get('RelayState', '/page')}"), ("Set-Cookie", f"pysaml2={handle}; Path=/; HttpOnly")])

    def sign_out(self, given):
        session = self.sign_in_session()
        if not session:
            return self.answer(200, json.dumps({"signed_out": True}))
        binding = BINDING_HTTP_REDIRECT if given.get("binding") == "redirect" else BINDING_SOAP
        outcome = client.do_logout(session["name_id"], [idp], None, expire="2100-01-01T00:00:00Z", sign=True, expected_binding=binding)
        forget(session["name"])
        if binding == BINDING_HTTP_REDIRECT:
            return self.send_saml(outcome[idp][1])
        return self.answer(200, json.dumps({"signed_out": True, "status_ok": outcome[idp].status_ok()}))

    def logout_arrives(self, given):
        if "SAMLResponse" in given:
            answer = client.parse_logout_request_response(given["SAMLResponse"], BINDING_HTTP_REDIRECT)
            return self.answer(200, json.dumps({"signed_out": True, "status_ok": answer.status_ok()}))
        return self.end(given["SAMLRequest"], BINDING_HTTP_REDIRECT, given.get("RelayState", ""))

    def logout_by_soap(self, _given):
        return self.end(self.posted.decode(), BINDING_SOAP, "")

    def end(self, message, binding, relay_state):
        request = client.parse_logout_request(message, binding)
        known = forget(code(request.message.name_id))
        logging.info("logout of %s: %d sessions", request.message.name_id.text, known)
        answer = client.create_logout_response(request.message, [binding], sign=binding == BINDING_SOAP)
        info = client.apply_binding(binding, str(answer), client.response_args(request.message, [binding])["destination"], relay_state,
                                    response=True, sign=binding != BINDING_SOAP)
        return self.send_saml(info)


def forget(name):
    gone = [handle for handle, session in sessions.items() if session["name"] == name]
    for handle in gone:
        del sessions[handle]
    return len(gone)


pages = {"/metadata": Handler.metadata, "/page": Handler.page, "/acs": Handler.acs, "/sign-out": Handler.sign_out,
         "/slo": Handler.logout_arrives, "/slo/soap": Handler.logout_by_soap}
ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
