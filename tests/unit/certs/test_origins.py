"""Where events may be sent: every way to make the gateway ask something else is refused before a byte leaves."""

import ipaddress
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from certs.origins import AllowedOrigins, ForbiddenOriginError, Origin, PinnedHttp
from certs.outbound import Outbound, OutboundError, OutboundLimits

PUBLIC = "hooks.example.gov.cn"


def allowed(*origins, **names):
    def resolve(host, port):
        return [ipaddress.ip_address(each) for each in names.get(host.replace(".", "_"), ())]

    return AllowedOrigins(tuple(map(Origin.parse, origins)), resolve)


@pytest.mark.parametrize(
    "text",
    [
        "http://hooks.example.gov.cn",
        "ftp://hooks.example.gov.cn=10.0.0.0/8",
        "hooks.example.gov.cn",
        "https://",
        "https://a@b.example",
        "https://b.example/path",
        "https://b.example=ten",
        "https://b.example:port",
        "",
    ],
)
def test_what_is_no_origin_is_no_setting(text):
    with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
        Origin.parse(text)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.gov.cn.evil.example/",
        "https://evil.example/?https://hooks.example.gov.cn",
        "https://hooks.example.gov.cn@evil.example/",
        "https://evil.example\\@hooks.example.gov.cn/",
        "https://hooks.example.gov.cn:8443/",
        "http://hooks.example.gov.cn/",
        "https://hooks.example.gov.cn/#x",
        "https://hooks.example.gov.cn/\r\nX: y",
        "https://hooks.example.gov.cn/ x",
        "https://hooks.example.gov.cn:99999/",
        "https://[::1/",
        "//hooks.example.gov.cn/",
        f"https://{PUBLIC}/{'a' * 500}",
    ],
)
def test_other_addresses_are_refused_without_a_look_up(url):
    def never(host, port):
        raise AssertionError(host)

    with pytest.raises(ForbiddenOriginError):
        AllowedOrigins((Origin.parse(f"https://{PUBLIC}"),), never).place(url)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("::1", "::", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "ff02::1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
    ],
)
def test_a_public_name_may_not_stand_for_an_inner_address(address):
    good = "93.184.216.34"
    assert allowed(f"https://{PUBLIC}", hooks_example_gov_cn=[good]).place(f"https://{PUBLIC}/")[1].compressed == good
    for found in ([address], [good, address], []):
        with pytest.raises(ForbiddenOriginError):
            allowed(f"https://{PUBLIC}", hooks_example_gov_cn=found).place(f"https://{PUBLIC}/")


def test_a_named_network_is_a_bound_both_ways():
    inner = allowed("http://hooks.inner=10.1.0.0/16", hooks_inner=["10.1.2.3"])
    assert str(inner.place("http://hooks.inner/x")[1]) == "10.1.2.3"
    for address in ("10.2.0.1", "93.184.216.34", "::ffff:10.2.0.1"):
        with pytest.raises(ForbiddenOriginError):
            allowed("http://hooks.inner=10.1.0.0/16", hooks_inner=[address]).place("http://hooks.inner/x")


class _Server(HTTPServer):
    def handle_error(self, request, client_address):
        pass


@pytest.fixture
def https_server(tmp_path):
    """A server for the name hooks.inner on 127.0.0.1: what it was asked, its port, and the file of its certificate."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append((self.headers["Host"], self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.inner")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.inner")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = tmp_path / "server.pem", tmp_path / "server.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(*form))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    with _Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield asked, server.server_port, pem
        server.shutdown()
        thread.join()


def test_the_connection_goes_to_the_address_that_was_checked_under_the_name_that_was_meant(https_server):
    asked, port, pem = https_server
    looked_up = []

    def rebinding(host, port):
        looked_up.append(host)
        return [ipaddress.ip_address("127.0.0.1" if len(looked_up) == 1 else "10.0.0.1")]

    def outbound(host):
        origins = AllowedOrigins((Origin.parse(f"https://{host}:{port}=127.0.0.0/8"),), rebinding)
        return Outbound(OutboundLimits(3.0), PinnedHttp(origins, {"ca_certs": str(pem)}))

    answer = outbound("hooks.inner").exchange(f"https://hooks.inner:{port}/a", b"{}", {}, seconds=3)
    assert (answer.status, asked) == (200, [(f"hooks.inner:{port}", b"{}")])
    assert looked_up == ["hooks.inner"], "asked once: what the name becomes later does not matter"
    looked_up.clear()
    with pytest.raises(OutboundError):
        outbound("other.inner").exchange(f"https://other.inner:{port}/a", b"{}", {}, seconds=3)
    assert len(asked) == 1, "a certificate for another name is none"
    with pytest.raises(OutboundError, match="allowed"):
        outbound("hooks.inner").exchange(f"https://hooks.inner:{port}/a", b"{}", {}, seconds=3)
