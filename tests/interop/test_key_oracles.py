"""Key containers of OpenSSL and BouncyCastle, certificate requests, and keys in SoftHSM2 tokens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography.hazmat.primitives import serialization

from certs.authority import CertificateAuthority, Subject
from certs.certificate_files import match_chain, read_certificates
from certs.certificate_requests import certificate_request
from certs.keystore import encode_pem
from certs.profiles import GATEWAY_SIGNER
from gateway.services.certificates import read_request
from signing.errors import KeyRefusedError
from signing.outside_keys import accept
from signing.pkcs12 import read_pkcs12
from signing.private_keys import open_key, public_half, seal_key, signing_key
from signing.x509_fields import public_key_info
from tests.interop.bouncy_castle import ask
from tests.pki import CREDIT_CODE, NOW, make_pki
from tests.unit.signing.key_material import KINDS, certified, private

pytestmark = pytest.mark.interop

SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
PASSWORD = "correct horse"
SM2, ECDSA, RSA = KINDS
JAVA_NAMES = {SM2: "EC", ECDSA: "EC", RSA: "RSA"}

each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


def run(*command, environment=None):
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture
def files(tmp_path):
    """Per kind: the plain key in PEM as OpenSSL writes it, and the certificates."""
    (tmp_path / "password").write_text(PASSWORD + "\n")

    def made(kind):
        sealed = tmp_path / f"{kind}.p8"
        sealed.write_bytes(seal_key(private(kind), PASSWORD.encode(), iterations=1000))
        key, chain = tmp_path / f"{kind}.key", tmp_path / f"{kind}.pem"
        # OpenSSL reads our PKCS#8 here, for every test below.
        opened = ("-inform", "der", "-in", sealed, "-passin", f"file:{tmp_path / 'password'}")
        run("openssl", "pkcs8", *opened, "-out", key)
        chain.write_bytes(encode_pem([certified(kind).certificate, *certified(kind).chain]))
        return key, chain

    return made


@each_kind
def test_openssl_reads_our_pkcs8_and_finds_the_same_public_key(kind, files, tmp_path):
    key, _ = files(kind)
    shown = run("openssl", "pkey", "-in", key, "-pubout", "-outform", "pem")
    assert pem.unarmor(shown.encode())[2] == public_half(private(kind))


@each_kind
@pytest.mark.parametrize(
    "options",
    [
        ("-v2", "aes-256-cbc"),
        ("-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"),
        ("-v2", "sm4-cbc"),
        ("-v2", "des3"),
        ("-scrypt",),
    ],
    ids=" ".join,
)
def test_we_read_openssl_s_pkcs8(kind, options, files, tmp_path):
    key, _ = files(kind)
    sealed = tmp_path / "sealed.pem"
    secret = f"file:{tmp_path / 'password'}"
    run("openssl", "pkcs8", "-topk8", "-in", key, "-passout", secret, *options, "-out", sealed)
    assert public_half(open_key(sealed.read_bytes(), PASSWORD.encode())) == public_half(private(kind))
    with pytest.raises(KeyRefusedError):
        open_key(sealed.read_bytes(), b"wrong")


@each_kind
@pytest.mark.parametrize("form", ["pem", "der"])
def test_we_read_openssl_s_traditional_keys(kind, form, files, tmp_path):
    key, _ = files(kind)
    plain = tmp_path / "plain"
    if kind is RSA:
        run("openssl", "pkey", "-in", key, "-traditional", "-outform", form, "-out", plain)
    else:
        run("openssl", "ec", "-in", key, "-outform", form, "-out", plain)
    assert public_half(open_key(plain.read_bytes())) == public_half(private(kind))


@each_kind
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-keypbe", "SM4-CBC", "-certpbe", "SM4-CBC", "-macalg", "sm3"),
        ("-keypbe", "AES-128-CBC", "-certpbe", "NONE", "-macalg", "sha512"),
        ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"),
        ("-legacy",),
        ("-iter", "50000", "-maciter"),
    ],
    ids=lambda options: " ".join(options) or "default",
)
def test_we_read_openssl_s_pkcs12(kind, options, files, tmp_path):
    key, chain = files(kind)
    container = tmp_path / "key.p12"
    secret = f"file:{tmp_path / 'password'}"
    run("openssl", "pkcs12", "-export", "-inkey", key, "-in", chain, "-passout", secret, *options, "-out", container)
    found = read_pkcs12(container.read_bytes(), PASSWORD.encode())
    assert [public_half(one) for one in found.keys] == [public_half(private(kind))]
    assert set(found.certificates) == {certified(kind).certificate, *certified(kind).chain}
    signer = signing_key(found.keys[0], found.certificates[0])
    assert accept(certified(kind).certificate, b"message", signer.sign(b"message"))
    with pytest.raises(KeyRefusedError, match="password does not open"):
        read_pkcs12(container.read_bytes(), b"wrong")


def bouncy_castle(*arguments):
    done = ask("Pkcs12", *arguments)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.strip()


@each_kind
@pytest.mark.parametrize("form", ["PKCS12", "PKCS12-3DES-3DES"])
def test_we_read_bouncy_castle_s_pkcs12(kind, form, files, tmp_path):
    key, chain = files(kind)
    plain, container = tmp_path / "plain.der", tmp_path / "key.p12"
    run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", key, "-outform", "der", "-out", plain)
    bouncy_castle("write", form, JAVA_NAMES[kind], plain, chain, PASSWORD, container)
    found = read_pkcs12(container.read_bytes(), PASSWORD.encode())
    assert [public_half(one) for one in found.keys] == [public_half(private(kind))]
    assert set(found.certificates) == {certified(kind).certificate, *certified(kind).chain}


@each_kind
def test_bouncy_castle_reads_our_pkcs8(kind, tmp_path):
    sealed = tmp_path / "sealed.p8"
    sealed.write_bytes(seal_key(private(kind), PASSWORD.encode(), iterations=1000))
    name, plain = bouncy_castle("open", sealed, PASSWORD, JAVA_NAMES[kind]).split()
    assert name == JAVA_NAMES[kind]
    assert public_half(open_key(bytes.fromhex(plain))) == public_half(private(kind))


@each_kind
def test_openssl_verifies_our_certificate_request(kind, tmp_path):
    request = certificate_request(Subject("阳江市市场监督管理局", "阳江市", CREDIT_CODE), private(kind))
    path = tmp_path / "request.pem"
    path.write_bytes(pem.armor("CERTIFICATE REQUEST", request))
    # The identity means nothing to keys that are not SM2, and OpenSSL says so by failing.
    identity = ("-vfyopt", "distid:1234567812345678") if kind is SM2 else ()
    shown = run("openssl", "req", "-in", path, "-noout", "-verify", *identity, "-text", "-nameopt", "utf8")
    assert f"serialNumber={CREDIT_CODE}" in shown.replace("serialNumber = ", "serialNumber=")
    assert "阳江市市场监督管理局" in shown


@each_kind
def test_we_read_openssl_s_certificate_request(kind, files, tmp_path):
    key, _ = files(kind)
    path = tmp_path / "request.pem"
    identity = ("-sm3", "-sigopt", "distid:1234567812345678") if kind is SM2 else ("-sha256",)
    run("openssl", "req", "-new", "-key", key, *identity, "-utf8", "-subj", "/CN=测试/O=机构", "-out", path)
    public, subject = read_request(path.read_bytes())
    assert public == public_half(private(kind))
    assert (subject.common_name, subject.organisation) == ("测试", "机构")


@each_kind
def test_we_read_openssl_s_pkcs7_of_certificates(kind, files, tmp_path):
    _, chain = files(kind)
    for form in ("pem", "der"):
        bundle = tmp_path / f"bundle.{form}"
        run("openssl", "crl2pkcs7", "-nocrl", "-certfile", chain, "-outform", form, "-out", bundle)
        found = read_certificates(bundle.read_bytes())
        assert set(found) == {certified(kind).certificate, *certified(kind).chain}
        matched = match_chain(public_half(private(kind)), found, [make_pki().root.certificate], at=NOW)
        assert (matched.certificate, matched.chain) == (certified(kind).certificate, certified(kind).chain)
        assert matched.root == make_pki().root.certificate


@pytest.fixture(scope="module")
def soft_token(tmp_path_factory):
    """A token with an ECDSA, an RSA and an SM2-curve key; programs that use it run as children with its configuration."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    environment = os.environ | {"SOFTHSM2_CONF": str(folder / "softhsm2.conf")}
    secrets = ("--so-pin", "87654321", "--pin", "1234")
    run("softhsm2-util", "--init-token", "--free", "--label", "seals", *secrets, environment=environment)
    for number, kind in enumerate((ECDSA, RSA), 1):
        plain = folder / f"{number}.pem"
        plain.write_bytes(
            private(kind).private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        named = ("--label", f"key-{number}", "--id", f"0{number}")
        run(*("softhsm2-util", "--import", plain, "--token", "seals", "--pin", "1234", *named), environment=environment)
        (folder / f"{number}.der").write_bytes(certified(kind).certificate)
    (folder / "pin").write_text("1234")
    return folder, environment


TOKEN_PROGRAM = """
import os, sys
from pathlib import Path
from signing.keys_pkcs11 import Pkcs11SigningKey, TokenReference
folder = Path(sys.argv[1])
def key(number, pin=lambda: (folder / "pin").read_text(), **options):
    reference = TokenReference(Path("/usr/lib/softhsm/libsofthsm2.so"), "seals", **({"key_label": f"key-{number}"} | options))
    return Pkcs11SigningKey(reference, pin, (folder / f"{number}.der").read_bytes())
"""


def in_token(soft_token, program):
    folder, environment = soft_token
    return run(sys.executable, "-c", TOKEN_PROGRAM + program, folder, environment=environment)


@pytest.mark.parametrize(("number", "kind"), [(1, ECDSA), (2, RSA)], ids=["ECDSA", "RSA"])
def test_a_token_signs_and_its_signature_verifies(number, kind, soft_token):
    shown = in_token(soft_token, f"print(key({number}).sign(b'message').hex())")
    assert accept(certified(kind).certificate, b"message", bytes.fromhex(shown.strip()))


def test_a_token_signs_for_threads_for_two_keys_and_in_a_child_of_a_fork(soft_token):
    program = """
from concurrent.futures import ThreadPoolExecutor
keys = [key(1), key(2), key(1, key_label=None, key_id=bytes([1]))]
with ThreadPoolExecutor(4) as pool:
    print(len(list(pool.map(lambda n: keys[n % 3].sign(b'message %d' % n), range(60)))))
child = os.fork()
if child == 0:
    keys[0].sign(b'in the child')
    os._exit(17)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
keys[1].sign(b'in the parent')
"""
    assert in_token(soft_token, program).split() == ["60", "17"]


def test_a_wrong_pin_is_tried_once_and_shown_nowhere(soft_token):
    program = """
asked = []
wrong = key(1, pin=lambda: asked.append(1) or "99999999")
for _ in range(5):
    try:
        wrong.sign(b'message')
    except Exception as error:
        print(type(error).__name__, str(error), repr(wrong))
print('asked', len(asked))
"""
    shown = in_token(soft_token, program)
    assert shown.count("KeySourceUnavailableError") == 5
    assert "asked 1" in shown
    assert "99999999" not in shown
    # The token is not locked.
    assert in_token(soft_token, "print(len(key(1).sign(b'message')) > 60)").strip() == "True"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("key_label='nobody'", "holds 0 keys"),
        ("key_id=bytes([2])", "holds 0 keys"),
    ],
)
def test_a_key_that_is_not_in_the_token_is_named(options, complaint, soft_token):
    program = f"""
try:
    key(1, {options}).sign(b'message')
except Exception as error:
    print(type(error).__name__, error)
"""
    shown = in_token(soft_token, program)
    assert "KeySourceUnavailableError" in shown
    assert complaint in shown


def test_a_token_s_key_of_another_certificate_is_found_out(soft_token):
    folder, _ = soft_token
    (folder / "9.der").write_bytes(certified(ECDSA, 1).certificate)
    program = """
try:
    key(9, key_label='key-1').sign(b'message')
except Exception as error:
    print(type(error).__name__, error)
"""
    assert "KeySourceWrongError" in in_token(soft_token, program)


def test_plain_ecdsa_of_a_key_on_the_sm2_curve_never_passes_for_sm2(soft_token):
    """SoftHSM2 has no SM2: it signs plain ECDSA with such a key, and says nothing."""
    program = """
import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from signing import keys_pkcs11, sm2
from signing.errors import KeyRefusedError
from tests.pki import make_pki
from tests.unit.signing.key_material import NOW, CertificateAuthority, GATEWAY_SIGNER, Subject
curve = bytes.fromhex("06082a811ccf5501822d")
with pkcs11.lib("/usr/lib/softhsm/libsofthsm2.so").get_token(token_label="seals").open(rw=True, user_pin="1234") as session:
    public, _ = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: curve}, local=True).generate_keypair(
        store=True, label="key-3")
    point = public[Attribute.EC_POINT][2:]
issuing = CertificateAuthority(make_pki().issuing)
certificate = issuing.issue(GATEWAY_SIGNER, Subject("签名者", "测试"), sm2.public_key_from_point(point), now=NOW)
(folder / "3.der").write_bytes(certificate)
for number in (None, int(Mechanism.ECDSA)):
    try:
        key(3, sm2_mechanism=number)
    except KeyRefusedError as error:
        print("refused", error)
try:
    key(3, sm2_mechanism=0x80000003).sign(b"message")
except Exception as error:
    print(type(error).__name__, error)
# As if a vendor's number led to plain ECDSA.
keys_pkcs11.sm2_mechanism = lambda number: Mechanism.ECDSA
try:
    key(3, sm2_mechanism=0x80000003).sign(b"message")
except Exception as error:
    print(type(error).__name__, error)
"""
    shown = in_token(soft_token, program)
    assert shown.count("refused") == 2
    assert "KeySourceUnavailableError the token seals does not offer mechanism 0x80000003" in shown
    assert "KeySourceWrongError what came back is no SM2-with-SM3 signature" in shown


@pytest.fixture(scope="module")
def vendor_token(tmp_path_factory):
    """A PKCS#11 module that does SM2 under a vendor's numbers: C and OpenSSL, nothing of ours."""
    folder = tmp_path_factory.mktemp("vendor")
    module = folder / "libvendor.so"
    source = Path(__file__).parent / "c" / "sm2_token.c"
    run("gcc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", module, source, "-l:libcrypto.so.3")
    run("openssl", "genpkey", "-algorithm", "SM2", "-outform", "der", "-out", folder / "key.der")
    key = open_key((folder / "key.der").read_bytes())
    issuing = CertificateAuthority(make_pki().issuing)
    certificate = issuing.issue(GATEWAY_SIGNER, Subject("硬件", "测试"), public_half(key), now=NOW)
    (folder / "seal.der").write_bytes(certificate)
    return folder, os.environ | {"SM2_TOKEN_KEY": str(folder / "key.der")}, certificate


VENDOR_PROGRAM = """
import sys
from pathlib import Path
from signing.keys_pkcs11 import Pkcs11SigningKey, TokenReference
folder = Path(sys.argv[1])
def key(**options):
    named = {"key_label": "seal", "sm2_mechanism": 0x80000003} | options
    reference = TokenReference(folder / "libvendor.so", "vendor", **named)
    return Pkcs11SigningKey(reference, lambda: "1234", (folder / "seal.der").read_bytes())
"""


def test_a_vendor_s_token_signs_sm2_and_openssl_verifies(vendor_token):
    folder, environment, certificate = vendor_token
    program = VENDOR_PROGRAM + "print(key().sign(b'message').hex()); print(key(key_id=bytes([7])).sign(b'm').hex())"
    first, second = run(sys.executable, "-c", program, folder, environment=environment).split()
    assert accept(certificate, b"message", bytes.fromhex(first)) == bytes.fromhex(first)
    assert accept(certificate, b"m", bytes.fromhex(second))
    public, message, signature = folder / "public.pem", folder / "message", folder / "signature"
    public.write_bytes(pem.armor("PUBLIC KEY", public_key_info(certificate)))
    message.write_bytes(b"message")
    signature.write_bytes(bytes.fromhex(first))
    identity = ("-sigopt", "distid:1234567812345678")
    checked = run("openssl", "dgst", "-sm3", "-verify", public, *identity, "-signature", signature, message)
    assert "Verified OK" in checked


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("sm2_mechanism=0x80000004", "does not offer mechanism 0x80000004"),
        ("key_label='other'", "holds 0 keys"),
        ("key_id=bytes([8])", "holds 0 keys"),
    ],
)
def test_a_vendor_s_token_is_asked_for_nothing_else(options, complaint, vendor_token):
    folder, environment, _ = vendor_token
    program = VENDOR_PROGRAM + f"\ntry:\n    key({options}).sign(b'm')\nexcept Exception as error:\n    print(error)"
    assert complaint in run(sys.executable, "-c", program, folder, environment=environment)
