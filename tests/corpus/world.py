"""The world that the corpus is judged in: roots, CAs, revocation lists, signers; all invented, all made anew."""

import json
from dataclasses import dataclass, field
from functools import cached_property

from certs.trust_store import TrustStore
from signing.der import generalized_time
from signing.validation.policy import Revocation
from tests.corpus.makers.keys import Holder, ecdsa_pair, rsa_pair, sm2_pair
from tests.corpus.makers.x509 import CA, CREDIT_CODE_OID, DAY, SIGNER, UNIT, Revoked, certificate, crl, extension, name
from tests.pki import NOW

CREDIT_CODE = "91441702MA9Y03WY4L"
AUTHORITY = name("阳江市江城区市场监督管理局", "阳江市江城区市场监督管理局", CREDIT_CODE)
HOLDER_CODE, ANOTHER_CODE = "91441700MAX000015N", "91441700MAX00002J0"


def _credit_code_extension(code):
    return extension(CREDIT_CODE_OID, b"\x0c" + bytes([len(code)]) + code.encode())


CREDIT_CODE_EXTENSION = _credit_code_extension(CREDIT_CODE)
KEEPS_EXPIRED = extension("2.5.29.60", generalized_time(NOW - 3000 * DAY))
"""expiredCertsOnCRL (X.509): the lists here keep what has expired, unless a case says otherwise."""
LONG_AGO, FAR_OFF = NOW - 2000 * DAY, NOW + 2000 * DAY
_PAIRS = {"sm2": sm2_pair, "ecdsa": ecdsa_pair, "rsa": rsa_pair}


@dataclass
class _List:
    """What a CA's revocation list is made of, when it is made."""

    issuer: Holder
    options: dict
    revoked: list[Revoked] = field(default_factory=list)


class World:
    """Everything that the verdicts of the corpus depend on besides the files and the time."""

    def __init__(self):
        self.at = NOW
        self._lists = {}
        self._anchors = {}
        self._issuers = {}
        self._families = {}
        self.root = self.new_root("语料根")
        self.ca = self.authority("语料签发")
        self.unit = self.leaf("语料时间戳", extensions=UNIT)
        self.signer = self.leaf()
        self.old_unit = self.leaf("语料归档时间戳", extensions=UNIT, since=-850 * DAY)
        self.seal_maker = self.leaf("语料制章", since=-100 * DAY)

    @property
    def anchors(self):
        """DER of the trusted roots."""
        return tuple(self._anchors)

    # People and machines

    def new_root(self, common_name, pair=None, *, trusted=True, qualified=True, uses=None):
        pair = pair or sm2_pair()
        subject = name(common_name)
        encoded = certificate(subject, pair, None, since=LONG_AGO, until=FAR_OFF, extensions=CA)
        root = Holder(pair, encoded, subject)
        if trusted:
            self._anchors[root.certificate] = {"egov_qualified": qualified} | ({} if uses is None else {"uses": uses})
            self.publish(root)
        return root

    def authority(self, common_name, issuer=None, *, extensions=CA, listed=True, pair=None, **options):
        """An issuing CA; ``listed`` whether a good revocation list of it is at hand."""
        authority = self._issue(name(common_name), pair or sm2_pair(), issuer or self.root, extensions, options)
        self._issuers[authority.certificate] = authority
        if listed:
            self.publish(authority)
        return authority

    def leaf(self, subject=None, issuer=None, *, extensions=None, pair=None, **options):
        """A signer, valid since a month and for a year; ``since`` and ``until`` count from now."""
        subject = AUTHORITY if subject is None else name(subject) if isinstance(subject, str) else subject
        extensions = (*SIGNER, CREDIT_CODE_EXTENSION) if extensions is None else extensions
        options = {"since": -30 * DAY, "until": 365 * DAY, **options}
        return self._issue(subject, pair or sm2_pair(), issuer or self.ca, extensions, options)

    def _issue(self, subject, pair, issuer, extensions, options):
        since, until = options.pop("since", -1000 * DAY), options.pop("until", 1000 * DAY)
        encoded = certificate(
            subject, pair, issuer, since=NOW + since, until=NOW + until, extensions=extensions, **options
        )
        chain = () if issuer.certificate in self._anchors else (issuer.certificate, *issuer.chain)
        return Holder(pair, encoded, subject, chain)

    def holder_of(self, certificate):
        """The issuing CA that this certificate belongs to."""
        return self._issuers[certificate]

    @cached_property
    def enterprise_ca(self):
        """Who issues electronic business licences, under a root that is trusted for enterprises alone."""
        root = self.new_root("企业根", qualified=False, uses=["enterprise"])
        return self.authority("企业签发", root)

    @cached_property
    def holder(self):
        """The enterprise whose licence it is."""
        return self.enterprise()

    def enterprise(self, code=HOLDER_CODE, *, extension_code=None, **options):
        """An electronic business licence; ``extension_code`` says another code in the extension than in the subject."""
        told = extension_code or code
        listed = () if told is None else (_credit_code_extension(told),)
        return self.leaf(name("某企业", "某企业", code), self.enterprise_ca, extensions=(*SIGNER, *listed), **options)

    @cached_property
    def stranger(self):
        """A signer under a root that nobody here trusts, with everything else in order."""
        root = self.new_root("陌生根", trusted=False)
        self.publish(root)
        return self.leaf(issuer=self.authority("陌生签发", root))

    @cached_property
    def strange_unit(self):
        root = self.new_root("陌生根二", trusted=False)
        return self.leaf("陌生时间戳", self.authority("陌生签发二", root), extensions=UNIT)

    def family(self, kind):
        """(signer, time-stamping unit) of another algorithm: ecdsa, rsa."""
        if kind not in self._families:
            self._families[kind] = self._new_family(kind)
        return self._families[kind]

    def _new_family(self, kind):
        make = _PAIRS[kind]
        root = self.new_root(f"{kind} root", make())
        authority = self.authority(f"{kind} issuing", root, pair=rsa_pair(number=1) if kind == "rsa" else make())
        signer = self.leaf(issuer=authority, pair=rsa_pair(number=2) if kind == "rsa" else make())
        unit_pair = rsa_pair(number=3) if kind == "rsa" else make()
        return signer, self.leaf(f"{kind} unit", authority, pair=unit_pair, extensions=UNIT)

    # Revocation

    def publish(self, issuer, **options):
        """A revocation list of this CA: fresh and empty unless ``options`` of ``makers.x509.crl`` say otherwise."""
        defaults = {"this_update": NOW - DAY / 24, "next_update": NOW + 30 * DAY, "extensions": (KEEPS_EXPIRED,)}
        self._lists[issuer.certificate] = _List(issuer, {**defaults, **options})
        return issuer

    def revoke(self, holder, at=NOW - DAY, reason=1, *, issuer=None):
        """Puts a certificate on its issuer's list."""
        issuer = issuer or self.ca
        self._lists[issuer.certificate].revoked.append(Revoked(holder.certificate, at, reason))
        return holder

    def crl_of(self, issuer):
        """The revocation list of this CA as it stands."""
        listed = self._lists[issuer.certificate]
        return crl(listed.issuer, revoked=listed.revoked, **listed.options)

    def crls(self):
        return tuple(crl(entry.issuer, revoked=entry.revoked, **entry.options) for entry in self._lists.values())

    # Trust as files, as a counterparty holds them

    def write_trust(self, folder):
        """A trust folder for ``licence-gateway verify --trust-anchors``."""
        for part in ("anchors", "certificates", "crls"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        # A seal signature holds no chain: the issuing CA of those who seal must be at hand.
        (folder / "certificates" / "issuing.cer").write_bytes(self.ca.certificate)
        attributes = {}
        for number, (anchor, told) in enumerate(self._anchors.items()):
            file = f"root-{number}.cer"
            (folder / "anchors" / file).write_bytes(anchor)
            attributes[file] = told
        (folder / "anchors.json").write_text(json.dumps(attributes))
        for number, encoded in enumerate(self.crls()):
            (folder / "crls" / f"{number:03d}.crl").write_bytes(encoded)
        return folder


def read_policy(folder, revocation=Revocation.REQUIRED):
    """The policy of a trust folder, by the gateway's own reader: library and command judge by the same trust."""
    return TrustStore(folder).policy(revocation=revocation)
