"""Actors for tests."""

from gateway.domain.actors import Actor, ActorKind


def client(scopes, *, authorities=None, types=None, sandbox=False):
    """A department's system with these limits."""
    return Actor(
        ActorKind.CLIENT,
        "test-client",
        "测试客户端",
        frozenset(scopes),
        None if authorities is None else frozenset(authorities),
        None if types is None else frozenset(types),
        is_sandbox=sandbox,
    )
