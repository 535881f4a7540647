"""Where articles may lead: the hosts that an operator has named, and those below them."""

from collections.abc import Collection

from content.rules.checklist import LINK_HOSTS


class _Allowed:
    hosts: Collection[str] = LINK_HOSTS


def use(hosts: Collection[str]) -> None:
    """Allow these; the composition root does, and tests do."""
    _Allowed.hosts = frozenset(host.lower() for host in hosts)


def allowed() -> Collection[str]:
    """The hosts that are allowed."""
    return _Allowed.hosts
