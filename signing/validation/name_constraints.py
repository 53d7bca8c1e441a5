"""Name constraints (RFC 5280, 4.2.1.10): which names a CA may issue for."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from signing.validation.x509 import Certificate, extension_of, name_key


def name_violation(certificates: tuple[Certificate, ...]) -> str | None:
    """What a path (leaf first) breaks of the constraints in it, None when it keeps them all."""
    for depth, ca in enumerate(certificates):
        constraints = extension_of(ca, x509.NameConstraints)
        if constraints is None:
            continue
        for below, certificate in enumerate(certificates[:depth]):
            # A CA that renews itself carries its own name, which its parent did not mean (RFC 5280, 6.1.3 (b)).
            if below > 0 and certificate.is_self_issued:
                continue
            for name in _names(certificate):
                flaw = _check(name, constraints)
                if flaw:
                    return f"{certificate.name}: {flaw} (constraints of {ca.name})"
    return None


def _names(certificate: Certificate) -> Iterator[x509.GeneralName]:
    """Every name that constraints apply to: the subject, its e-mail addresses, the alternative names."""
    subject = certificate.parsed.subject
    if list(subject):
        yield x509.DirectoryName(subject)
    alternative = extension_of(certificate, x509.SubjectAlternativeName)
    yield from alternative or ()
    if alternative is None or not alternative.get_values_for_type(x509.RFC822Name):
        for attribute in subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS):
            yield x509.RFC822Name(str(attribute.value))


def _check(name: x509.GeneralName, constraints: x509.NameConstraints) -> str | None:
    excluded = [base for base in constraints.excluded_subtrees or () if type(base) is type(name)]
    permitted = [base for base in constraints.permitted_subtrees or () if type(base) is type(name)]
    is_within = _WITHIN.get(type(name))
    if is_within is None:
        # A constraint on a kind of name that cannot be compared is a refusal, not a shrug (RFC 5280, 4.2.1.10).
        return f"names of kind {type(name).__name__} cannot be compared" if excluded or permitted else None
    if any(is_within(name.value, base.value) for base in excluded):
        return f"the name {_shown(name)} is excluded"
    if permitted and not any(is_within(name.value, base.value) for base in permitted):
        return f"the name {_shown(name)} is not permitted"
    return None


def _shown(name: x509.GeneralName) -> str:
    return name.value.rfc4514_string() if isinstance(name, x509.DirectoryName) else str(name.value)


def _directory_name(name: x509.Name, base: x509.Name) -> bool:
    whole, prefix = name_key(name), name_key(base)
    return whole[: len(prefix)] == prefix


def _dns_name(name: str, base: str) -> bool:
    """The base itself or labels in front of it."""
    host, domain = name.casefold().rstrip("."), base.casefold().strip(".")
    return not domain or host == domain or host.endswith("." + domain)


def _host(host: str, base: str) -> bool:
    """A host, or with a leading dot everything below it."""
    host, base = host.casefold().rstrip("."), base.casefold()
    return host.endswith(base) if base.startswith(".") else host == base


def _mailbox(name: str, base: str) -> bool:
    if "@" in base:
        local, _, domain = name.rpartition("@")
        base_local, _, base_domain = base.rpartition("@")
        return local == base_local and domain.casefold() == base_domain.casefold()
    return _host(name.rpartition("@")[2], base)


def _uri(name: str, base: str) -> bool:
    try:
        host = urlsplit(name).hostname
    except ValueError:
        return False
    return host is not None and _host(host, base)


def _address(name: object, base: object) -> bool:
    try:
        return name in base  # type: ignore[operator] # an address in a network of the ipaddress module
    except TypeError:
        return False


_WITHIN: dict[type[x509.GeneralName], Callable[..., bool]] = {
    x509.DirectoryName: _directory_name,
    x509.DNSName: _dns_name,
    x509.RFC822Name: _mailbox,
    x509.UniformResourceIdentifier: _uri,
    x509.IPAddress: _address,
}
