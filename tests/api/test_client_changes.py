"""What an administrator changes of a client holds at once, and how keys, certificates and secrets overlap."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.app import create_app
from gateway.container import Container
from gateway.domain.actors import Scope
from gateway.domain.status import china_day, day_start
from gateway.errors import NotFoundError, ValidationFailedError
from gateway.persistence.models import AuditEvent
from gateway.services.clients import UNSET, ClientChange, ClientSpec
from tests.api.conftest import problem_of
from tests.conftest import BASE_URL, container_at

AUTHORITY = "11441702G00006660X"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIMITS = "/api/v1/limits"
HEADER = "X-Client-Certificate"
PROXY, CALLER = "10.9.0.1", "203.0.113.9"


@pytest.fixture
def clients(fresh):
    return fresh.clients


@pytest.fixture
def http(fresh):
    return create_app(fresh).test_client()


@pytest.fixture
def behind(fresh):
    """The application behind proxies of a network."""

    def made(**settings):
        home = fresh.settings.data_dir
        return create_app(container_at(home, client_certificate_header=HEADER, **settings)).test_client()

    return made


def register(clients, **more):
    spec = {"scopes": frozenset({Scope.LICENCES_READ}), "authority_codes": frozenset({AUTHORITY})} | more
    client_id = clients.create(ClientSpec("审批系统", "阳江市江城区卫生健康局", **spec))
    return client_id, clients.new_secret(client_id).secret


def ask(http, form, address="127.0.0.1", **options):
    form = {"grant_type": "client_credentials"} | form
    return http.post("/oauth/token", data=form, environ_base={"REMOTE_ADDR": address}, **options)


def bearer(http, client_id, secret, address="127.0.0.1"):
    given = ask(http, {"client_id": client_id, "client_secret": secret}, address)
    return {"Authorization": f"Bearer {given.get_json()['access_token']}"}


def self_signed(name="审批系统", days=30):
    now, key = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    built = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(days=60)).not_valid_after(now + timedelta(days=days))
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_changes_hold_for_tokens_that_are_out(clients, http):
    client_id, secret = register(clients, scopes=frozenset({Scope.LICENCES_READ, Scope.COPIES_MAKE}))
    token = bearer(http, client_id, secret)
    assert http.get(LIMITS, headers=token).status_code == 200
    clients.change(client_id, ClientChange(scopes=frozenset({Scope.COPIES_MAKE})))
    problem_of(http.get(LIMITS, headers=token), 403, "FORBIDDEN")
    clients.change(client_id, ClientChange(scopes=frozenset({Scope.LICENCES_READ}), ip_ranges=("10.0.0.0/8",)))
    problem_of(http.get(LIMITS, headers=token), 403, "FORBIDDEN")
    assert http.get(LIMITS, headers=token, environ_base={"REMOTE_ADDR": "10.1.2.3"}).status_code == 200
    assert http.get(LIMITS, headers=token, environ_base={"REMOTE_ADDR": "::ffff:10.1.2.3"}).status_code == 200
    clients.change(client_id, ClientChange(ip_ranges=(), daily_cap=1))
    assert [http.get(LIMITS, headers=token).status_code for _ in range(2)] == [200, 429]
    clients.change(client_id, ClientChange(daily_cap=UNSET))
    assert http.get(LIMITS, headers=token).status_code == 200
    clients.change(client_id, ClientChange(ends_tokens=True))
    problem_of(http.get(LIMITS, headers=token), 401, "NOT_AUTHENTICATED")
    assert http.get(LIMITS, headers=bearer(http, client_id, secret)).status_code == 200


def test_what_is_not_given_stays_and_the_change_is_an_event(clients, fresh):
    until = fresh.clock() + timedelta(days=9)
    client_id, _ = register(clients, ip_ranges=("10.0.0.0/8",), daily_cap=7, valid_until=until)
    clients.change(client_id, ClientChange(name="新系统", valid_until=UNSET))
    found = clients.get(client_id)
    assert (found.name, found.organisation) == ("新系统", "阳江市江城区卫生健康局")
    assert (found.ip_ranges, found.daily_cap, found.valid_until) == (["10.0.0.0/8"], 7, None)
    with fresh.deps.sessions.begin() as session:
        [event] = session.query(AuditEvent).filter(AuditEvent.action == "client_changed").all()
        assert event.detail == {"name": "新系统", "valid_until": None, "tokens_ended": False}
    with pytest.raises(NotFoundError):
        clients.change("client-0000000000000000", ClientChange(name="x"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"scopes": frozenset()},
        {"authority_codes": frozenset({"1"})},
        {"type_codes": frozenset({"1"})},
        {"ip_ranges": ("10.0.0.1/8",)},
        {"daily_cap": 0},
        {"public_keys": {"keys": [{"kty": "oct", "k": "AAAA"}]}},
        {"certificates": ("x",)},
        {"valid_until": datetime(2020, 1, 1, tzinfo=UTC)},
    ],
)
def test_a_wrong_change_names_its_field_and_changes_nothing(clients, wrong):
    client_id, _ = register(clients)
    before = vars(clients.get(client_id)) | {"_sa_instance_state": None}
    with pytest.raises(ValidationFailedError) as refused:
        clients.change(client_id, ClientChange(**wrong))
    assert {error.field for error in refused.value.errors} == set(wrong)
    after = vars(clients.get(client_id)) | {"_sa_instance_state": None}
    assert {key: after[key] for key in ("name", "scopes", "ip_ranges", "daily_cap", "valid_until")} == {
        key: before[key] for key in ("name", "scopes", "ip_ranges", "daily_cap", "valid_until")
    }


def test_a_client_of_tomorrow_waits(clients, http, fresh):
    client_id, secret = register(clients, valid_from=fresh.clock() + timedelta(days=1))
    assert ask(http, {"client_id": client_id, "client_secret": secret}).status_code == 401
    clients.change(client_id, ClientChange(valid_from=fresh.clock() - timedelta(days=1)))
    assert ask(http, {"client_id": client_id, "client_secret": secret}).status_code == 200


def test_no_proof_gives_a_token_at_another_address_and_none_is_used_up(clients, http, fresh):
    key = ECKey.generate_key("P-256", {"kid": "1"})
    certificate = self_signed()
    client_id, secret = register(
        clients,
        ip_ranges=("10.0.0.0/8",),
        public_keys={"keys": [key.as_dict(private=False)]},
        certificates=(certificate,),
    )
    claims = {"iss": client_id, "sub": client_id, "aud": BASE_URL, "jti": "1"}
    claims["exp"] = int(fresh.clock().timestamp()) + 60
    signed = jwt.encode({"alg": "ES256", "kid": "1"}, claims, key)
    proofs = (
        ({"client_id": client_id, "client_secret": secret}, {}),
        ({"client_assertion_type": ASSERTION, "client_assertion": signed}, {}),
        ({"client_id": client_id}, {"environ_overrides": {"SSL_CLIENT_CERT": certificate}}),
    )
    for form, options in proofs:
        refused = ask(http, form, CALLER, **options)
        assert (refused.status_code, refused.get_json()["error"]) == (401, "invalid_client")
        assert ask(http, form, "10.1.2.3", **options).status_code == 200


def test_two_certificates_and_two_keys_are_good_while_one_replaces_the_other(clients, http, fresh):
    old, new, third = self_signed(), self_signed(), self_signed()
    first, second = (ECKey.generate_key("P-256", {"kid": kid}) for kid in "12")
    client_id, _ = register(clients, certificates=(old,), public_keys={"keys": [first.as_dict(private=False)]})

    def good(certificates, keys):
        def by_key(key):
            claims = {"iss": client_id, "sub": client_id, "aud": BASE_URL, "jti": secrets.token_hex(8)}
            claims["exp"] = int(fresh.clock().timestamp()) + 60
            signed = jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)
            return ask(http, {"client_assertion_type": ASSERTION, "client_assertion": signed}).status_code

        def by_certificate(pem):
            return ask(http, {"client_id": client_id}, environ_overrides={"SSL_CLIENT_CERT": pem}).status_code

        return [by_certificate(each) for each in certificates], [by_key(each) for each in keys]

    assert good((old, new), (first, second)) == ([200, 401], [200, 401])
    both = {"keys": [key.as_dict(private=False) for key in (first, second)]}
    clients.change(client_id, ClientChange(certificates=(old, new), public_keys=both))
    assert good((old, new, third), (first, second)) == ([200, 200, 401], [200, 200])
    after = {"keys": [second.as_dict(private=False)]}
    clients.change(client_id, ClientChange(certificates=(new,), public_keys=after))
    assert good((old, new), (first, second)) == ([401, 200], [401, 200])
    clients.change(client_id, ClientChange(name="其他"))
    assert good((old, new), (first, second)) == ([401, 200], [401, 200])
    with pytest.raises(ValidationFailedError, match="两张"):
        clients.change(client_id, ClientChange(certificates=(old, new, third)))


def test_a_certificate_counts_only_from_a_proxy_that_is_believed(clients, behind):
    certificate, over = self_signed(), self_signed(days=-1)
    client_id, _ = register(clients, certificates=(certificate, over))

    def sent(http, address, pem=certificate):
        return ask(http, {"client_id": client_id}, address, headers={HEADER: quote(pem)}).status_code

    by_network = behind(trusted_proxy_networks=["10.9.0.0/24"])
    assert sent(by_network, PROXY) == 200
    assert sent(by_network, PROXY, over) == 401
    assert sent(by_network, PROXY, self_signed()) == 401
    assert sent(by_network, CALLER) == 400, "as if there were no certificate"
    assert sent(behind(trusted_proxies=1), CALLER) == 200, "by number whoever connects is taken for the proxy"
    assert sent(behind(), CALLER) == 400


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        (PROXY, "10.1.2.3", 200),
        (PROXY, f"10.1.2.3, {CALLER}", 403),
        (PROXY, f"{CALLER}, 10.1.2.3", 200),
        (PROXY, f"{CALLER}, 10.1.2.3, 10.9.0.7", 200),
        (PROXY, f"10.1.2.3, {CALLER}, 10.9.0.7", 403),
        (PROXY, "unknown", 403),
        (PROXY, None, 403),
        (CALLER, "10.1.2.3", 403),
        ("10.1.2.3", CALLER, 200),
    ],
)
def test_the_caller_is_the_last_address_that_is_no_proxy_of_ours(clients, http, behind, peer, forwarded, expected):
    client_id, secret = register(clients, ip_ranges=("10.1.0.0/16",))
    token = bearer(http, client_id, secret, "10.1.2.3")
    headers = token | ({} if forwarded is None else {"X-Forwarded-For": forwarded})
    gateway = behind(trusted_proxy_networks=frozenset({"10.9.0.0/24"}))
    assert gateway.get(LIMITS, headers=headers, environ_base={"REMOTE_ADDR": peer}).status_code == expected


def test_the_daily_cap_is_told_with_every_answer(clients, http, fresh):
    client_id, secret = register(clients, daily_cap=2)
    token = bearer(http, client_id, secret)
    for left, status in ((1, 200), (0, 200), (0, 429)):
        answer = http.get(LIMITS, headers=token)
        assert answer.status_code == status
        assert answer.headers["RateLimit-Policy"] == '"day";q=2;w=86400'
        name, remaining, reset = answer.headers["RateLimit"].split(";")
        assert (name, remaining) == ('"day"', f"r={left}")
        assert 0 < int(reset.removeprefix("t=")) <= 86_400
    assert answer.headers["Retry-After"] == reset.removeprefix("t=")
    problem_of(answer, 429, "DAILY_CAP_REACHED")
    uncapped = bearer(http, *register(clients))
    assert not [name for name, _ in http.get(LIMITS, headers=uncapped).headers if name.startswith("RateLimit")]
    assert http.get(LIMITS, headers=uncapped).get_json()["daily_cap"] is None


def test_calls_at_once_are_counted_each(clients, http, fresh):
    client_id, secret = register(clients, daily_cap=10)
    token = bearer(http, client_id, secret)["Authorization"].removeprefix("Bearer ")

    def call(_):
        try:
            return fresh.authentication.by_token(token, "127.0.0.1").allowance.left
        except Exception as error:  # noqa: BLE001 - what it was is judged below
            return type(error).__name__

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(call, range(16)))
    assert sorted(answers, key=str) == sorted([*range(10), *["OverCapError"] * 6], key=str)


def test_the_day_of_the_cap_begins_at_midnight_in_china(clients, fresh):
    """16:00 by UTC, whatever the day there: the second before counts for the day that ends, the second itself does not."""
    midnight = day_start(china_day(fresh.clock()) + timedelta(days=1))
    moment = [midnight - timedelta(seconds=1)]
    http = create_app(Container(fresh.settings, lambda: moment[0])).test_client()
    client_id, secret = register(clients, daily_cap=1)
    token = bearer(http, client_id, secret)
    assert http.get(LIMITS, headers=token).headers["RateLimit"] == '"day";r=0;t=2'
    used_up = http.get(LIMITS, headers=token)
    problem_of(used_up, 429, "DAILY_CAP_REACHED")
    assert used_up.headers["Retry-After"] == "2"
    moment[0] = midnight
    anew = http.get(LIMITS, headers=token)
    assert (anew.status_code, anew.headers["RateLimit"]) == (200, '"day";r=0;t=86401')
    # Midnight by UTC is eight in the morning: nothing begins anew.
    moment[0] = midnight + timedelta(hours=8)
    problem_of(http.get(LIMITS, headers=bearer(http, client_id, secret)), 429, "DAILY_CAP_REACHED")
