"""Everything the fake knows, in one object behind one lock, with its own clock and seeded randomness."""

import base64
import hashlib
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from miniprogram_api.devtools.fake_wechat.demo import (
    DEMO_APPID,
    DEMO_OFFICIAL_APPID,
    DEMO_OFFICIAL_PUSH_AES_KEY,
    DEMO_OFFICIAL_PUSH_TOKEN,
    DEMO_PUSH_AES_KEY,
    DEMO_PUSH_TOKEN,
    WORDS,
    demo_account,
    demo_official_account,
)
from miniprogram_api.devtools.fake_wechat.faults import FaultPlan
from miniprogram_api.devtools.fake_wechat.journal import Journal
from miniprogram_api.devtools.fake_wechat.meters import Meters
from miniprogram_api.devtools.fake_wechat.records import (
    Account,
    Code,
    CodeKind,
    Membership,
    OfficialShelf,
    Person,
    Push,
    Settings,
    Verdict,
)
from miniprogram_api.devtools.fake_wechat.tokens import TokenBook

CODE_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
TOKEN_ALPHABET = CODE_ALPHABET + "-_"
CODE_LIFE_S = 300
OPENID_LENGTH = 28
MSGID_BASE = 1_900_000_000_000_000_000


class State:
    """Hold `lock` while reading or changing anything; `pause` must be called without it."""

    def __init__(self, *, seed: int, time_source: Callable[[], float] = time.time) -> None:
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self._time_source = time_source
        self._rng = random.Random(seed)
        self.reset()

    def reset(self) -> None:
        """Back to the demo account at the real time.

        The random sequence runs on: a code, token or msgid seen before a reset never comes again.
        """
        self._offset_s = 0.0
        self.settings = Settings()
        self.accounts: dict[str, Account] = {
            DEMO_APPID: demo_account(),
            DEMO_OFFICIAL_APPID: demo_official_account(),
        }
        self.persons: dict[str, Person] = {}
        self.openids: dict[tuple[str, str], Person] = {}
        self._phones: set[str] = set()
        self.codes: dict[str, Code] = {}
        self.words: dict[str, Verdict] = dict(WORDS)
        self.push = Push(DEMO_PUSH_TOKEN, DEMO_PUSH_AES_KEY)
        self.official_push = Push(DEMO_OFFICIAL_PUSH_TOKEN, DEMO_OFFICIAL_PUSH_AES_KEY)
        self.official = OfficialShelf()
        self.picture_verdicts: list[Verdict] = []
        self.pushing: list[threading.Thread] = []
        self.tokens = TokenBook(self.random_text)
        self.meters = Meters()
        self.journal = Journal()
        self.faults = FaultPlan()
        self.sending: set[str] = set()
        self.unchecked_codes: dict[str, int] = {}

    # -- time and chance

    def now(self) -> float:
        """Virtual seconds since the epoch: real time plus what was advanced."""
        return self._time_source() + self._offset_s

    def sending_at(self) -> str:
        """What a push is stamped with: real time, since those who judge its age have a clock of their own."""
        return str(int(self._time_source()))

    def advance(self, seconds: float) -> None:
        """Move the virtual clock forward."""
        self._offset_s += seconds

    @property
    def offset_s(self) -> float:
        """How far the virtual clock is ahead of the real one."""
        return self._offset_s

    def timestamp(self) -> str:
        """The virtual time as RFC 3339."""
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds")

    def pause(self, seconds: float) -> None:
        """Let real time pass, cut short when the server stops."""
        self.stopping.wait(seconds)

    def random_text(self, length: int) -> str:
        """URL-safe random characters."""
        return "".join(self._rng.choices(TOKEN_ALPHABET, k=length))

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return probability >= 1 or self._rng.random() < probability

    def new_rid(self) -> str:
        """A request id in WeChat's form, three groups of eight hex digits."""
        return f"{int(self.now()):08x}-{self._rng.getrandbits(32):08x}-{self._rng.getrandbits(32):08x}"

    def new_session_key(self) -> str:
        """Sixteen random bytes in base64."""
        return base64.b64encode(self._rng.randbytes(16)).decode()

    def new_msgid(self) -> int:
        """A message id beyond 2^53, as the real ones are."""
        return MSGID_BASE + self._rng.getrandbits(56)

    # -- people

    def person(self, name: str) -> Person:
        """The person of this name, made on first use with a phone number that is the same in every run."""
        known = self.persons.get(name)
        if known is None:
            known = self.persons[name] = Person(name=name, phone=self._phone_for(name))
        return known

    def membership(self, person: Person, appid: str) -> Membership:
        """What the person is to this appid; the openid depends on both names only."""
        known = person.memberships.get(appid)
        if known is None:
            openid = "o" + _digest_text("openid", appid, person.name)[: OPENID_LENGTH - 1]
            known = person.memberships[appid] = Membership(openid=openid)
            self.openids[(appid, openid)] = person
        return known

    def unionid(self, person: Person, account: Account) -> str | None:
        """The id shared by all appids of one open account; None when the appid is not bound to one."""
        if account.open_account is None:
            return None
        return "o" + _digest_text("unionid", account.open_account, person.name)[: OPENID_LENGTH - 1]

    def find_person(self, account: Account, openid: object) -> Person | None:
        """Who owns this openid under this appid."""
        return self.openids.get((account.appid, openid)) if isinstance(openid, str) else None

    def belongs_elsewhere(self, account: Account, openid: object) -> bool:
        """Whether another appid knows this openid."""
        return any(openid == known and appid != account.appid for appid, known in self.openids)

    def visit(self, person: Person, appid: str, *, seconds_ago: float = 0) -> Membership:
        """The person used the mini-program inside WeChat."""
        membership = self.membership(person, appid)
        membership.last_visit_at = self.now() - seconds_ago
        return membership

    def issue_code(self, kind: CodeKind, person: Person, appid: str) -> Code:
        """A fresh login or phone code of five minutes."""
        self.membership(person, appid)
        length = 32 if kind is CodeKind.LOGIN else 64
        value = "".join(self._rng.choices(CODE_ALPHABET, k=length))
        code = self.codes[value] = Code(value, kind, person, appid, self.now())
        return code

    def is_live(self, code: Code) -> bool:
        """Whether the five minutes of a code still run."""
        return self.now() < code.issued_at + CODE_LIFE_S

    def _phone_for(self, name: str) -> str:
        number = int.from_bytes(hashlib.sha256(f"phone:{name}".encode("utf-8", "surrogatepass")).digest()[:8])
        while (phone := f"138{number % 100_000_000:08d}") in self._phones:
            number += 1
        self._phones.add(phone)
        return phone


def _digest_text(*parts: str) -> str:
    digest = hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
