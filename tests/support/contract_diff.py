"""What a newer schema or API takes away from those who rely on the older one.

Compatible means additive: a newer document may say more, accept more and promise more, never less. Direction
matters: what others send us may only be accepted more widely, what we send them may only be promised more
tightly. A schema file serves both, since receivers check with the copy that they have.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Flag
from typing import Any

Json = Mapping[str, Any]
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_LEAST = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties", "minContains")
_MOST = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties", "maxContains")
_INNER = ("items", "additionalProperties", "unevaluatedProperties", "contains", "propertyNames")
_AS_IT_WAS = ("pattern", "multipleOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas")
_DEEPEST = 40


class Way(Flag):
    """Which way a document travels."""

    IN = 1
    OUT = 2
    BOTH = IN | OUT


@dataclass(frozen=True, slots=True)
class Documents:
    """The files of one release, in which references are looked up: by file name, or within the file."""

    files: Mapping[str, Json]

    def resolve(self, schema: Any, file: str) -> tuple[Any, str]:
        """What a schema that is only a reference stands for, and the file it stands in."""
        for _ in range(_DEEPEST):
            if not (isinstance(schema, Mapping) and "$ref" in schema):
                return schema, file
            name, _, pointer = str(schema["$ref"]).partition("#")
            file = name.rpartition("/")[2] or file
            target: Any = self.files[file]
            for part in filter(None, pointer.split("/")):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**target, **beside} if beside and isinstance(target, Mapping) else target
        raise ValueError(f"references go round in {file}")


def schema_losses(old: Documents, new: Documents, file: str, *, way: Way = Way.BOTH) -> list[str]:
    """A sentence for each thing that the newer schema of this name takes away."""
    if file not in new.files:
        return [f"{file}: the schema is gone"]
    return list(_Comparison(old, new).schemas((old.files[file], file), (new.files[file], file), file, way))


def api_losses(old: Json, new: Json) -> list[str]:
    """A sentence for each thing that a newer OpenAPI document takes away from callers."""
    name = "openapi"
    comparison = _Comparison(Documents({name: old}), Documents({name: new}))
    return [*comparison.paths(old.get("paths", {}), new.get("paths", {})), *_schemes(old, new)]


def event_losses(old: Json, new: Json) -> list[str]:
    """A sentence for each event that a newer AsyncAPI document no longer carries, or carries elsewhere.

    What is in an event is a matter of its schema.
    """
    return list(_channels(old.get("channels", {}), new.get("channels", {})))


def _channels(old: Json, new: Json) -> Iterator[str]:
    for name, channel in old.items():
        if name not in new:
            yield f"{name}: the channel is gone"
            continue
        if channel.get("address") != new[name].get("address"):
            yield f"{name}: the address is another one"
        for message in sorted(channel.get("messages", {}).keys() - new[name].get("messages", {}).keys()):
            yield f"{name}: the event {message} is gone"


def _schemes(old: Json, new: Json) -> Iterator[str]:
    before, after = (each.get("components", {}).get("securitySchemes", {}) for each in (old, new))
    for name, scheme in before.items():
        if name not in after:
            yield f"{name}: the way to prove who calls is gone"
            continue
        for flow, facts in scheme.get("flows", {}).items():
            still = after[name].get("flows", {}).get(flow, {})
            if facts.get("tokenUrl") != still.get("tokenUrl"):
                yield f"{name}: {flow} is gone or somewhere else"
            for scope in sorted(facts.get("scopes", {}).keys() - still.get("scopes", {}).keys()):
                yield f"{name}: the scope {scope} is gone"


class _Comparison:
    def __init__(self, old: Documents, new: Documents) -> None:
        self._old, self._new = old, new
        self._seen: set[tuple[int, int, Way]] = set()
        # A schema put together from a reference is held by nobody else: its id would be given away.
        self._kept: list[Any] = []

    def schemas(self, old: tuple[Any, str], new: tuple[Any, str], at: str, way: Way) -> Iterator[str]:
        (before, old_file), (after, new_file) = self._old.resolve(*old), self._new.resolve(*new)
        if (id(before), id(after), way) in self._seen:
            return
        self._seen.add((id(before), id(after), way))
        self._kept += [before, after]
        if before is True or before == {}:
            before = {}
        if after is False:
            yield f"{at}: nothing is allowed any more"
        after = {} if after is True else after
        if not isinstance(before, Mapping) or not isinstance(after, Mapping):
            return
        yield from _values(before, after, at, way)
        yield from _bounds(before, after, at, way)
        yield from _required(before, after, at, way)
        yield from self._properties((before, old_file), (after, new_file), at, way)
        yield from self._inner((before, old_file), (after, new_file), at, way)
        for word in ("anyOf", "oneOf", "allOf"):
            yield from self._branches(word, (before, old_file), (after, new_file), at, way)

    def _properties(self, old: tuple[Json, str], new: tuple[Json, str], at: str, way: Way) -> Iterator[str]:
        for word in ("properties", "patternProperties"):
            before, after = old[0].get(word, {}), new[0].get(word, {})
            for name, schema in before.items():
                if name not in after:
                    yield f"{at}.{name}: the property is gone"
                else:
                    yield from self.schemas((schema, old[1]), (after[name], new[1]), f"{at}.{name}", way)

    def _inner(self, old: tuple[Json, str], new: tuple[Json, str], at: str, way: Way) -> Iterator[str]:
        for word in _INNER:
            before, after = old[0].get(word, True), new[0].get(word, True)
            if before is False:
                continue
            if before is True and after is not True and after != {}:
                yield f"{at}: {word} is narrower"
            else:
                yield from self.schemas((before, old[1]), (after, new[1]), f"{at}[{word}]", way)
        for number, (one, other) in enumerate(
            zip(old[0].get("prefixItems", []), new[0].get("prefixItems", []), strict=False)
        ):
            yield from self.schemas((one, old[1]), (other, new[1]), f"{at}[{number}]", way)
        if len(new[0].get("prefixItems", [])) != len(old[0].get("prefixItems", [])):
            yield f"{at}: the first items are others"
        if old[0].get("uniqueItems") is not True and new[0].get("uniqueItems") is True:
            yield f"{at}: items must now differ"

    def _branches(
        self, word: str, old: tuple[Json, str], new: tuple[Json, str], at: str, way: Way
    ) -> Iterator[str]:
        before, after = old[0].get(word, []), new[0].get(word, [])
        if word == "allOf" or not before:
            if len(after) > len(before):
                yield f"{at}: {word} asks for more"
            pairs = zip(before, after, strict=False)
            for number, (one, other) in enumerate(pairs):
                yield from self.schemas((one, old[1]), (other, new[1]), f"{at}[{word} {number}]", way)
            return
        for number, one in enumerate(before):
            fits = (
                not list(_Comparison(self._old, self._new).schemas((one, old[1]), (other, new[1]), at, way))
                for other in after
            )
            if after and not any(fits):
                yield f"{at}: choice {number} of {word} is gone or narrower"

    def paths(self, old: Json, new: Json) -> Iterator[str]:
        for path, methods in old.items():
            for method in (name for name in _METHODS if name in methods):
                at = f"{method.upper()} {path}"
                if method not in new.get(path, {}):
                    yield f"{at}: the operation is gone"
                else:
                    yield from self._operation(methods, new[path], method, at)

    def _operation(self, old_path: Json, new_path: Json, method: str, at: str) -> Iterator[str]:
        old, new = old_path[method], new_path[method]
        yield from self._parameters(
            [*old_path.get("parameters", []), *old.get("parameters", [])],
            [*new_path.get("parameters", []), *new.get("parameters", [])],
            at,
        )
        sent, taken = self._one(old.get("requestBody", {})), self._another(new.get("requestBody", {}))
        if taken.get("required") and not sent.get("required"):
            yield f"{at}: a body is now required"
        yield from self._contents(sent, taken, f"{at} request", Way.IN)
        answers = new.get("responses", {})
        yield from _proofs(old.get("security", []), new.get("security", []), at)
        for status, response in old.get("responses", {}).items():
            if status not in answers:
                # A failure that no longer happens is nobody's loss; what a failure says is.
                if str(status).startswith("2"):
                    yield f"{at}: the answer {status} is gone"
            else:
                one, other = self._one(response), self._another(answers[status])
                yield from self._contents(one, other, f"{at} {status}", Way.OUT)

    def _parameters(self, old: list[Any], new: list[Any], at: str) -> Iterator[str]:
        before = {(one["in"], one["name"]): one for one in map(self._one, old)}
        after = {(one["in"], one["name"]): one for one in map(self._another, new)}
        for key, parameter in before.items():
            if key not in after:
                yield f"{at}: the parameter {key[1]} is gone"
                continue
            if after[key].get("required") and not parameter.get("required"):
                yield f"{at}: the parameter {key[1]} is now required"
            yield from self.schemas(
                (parameter.get("schema", {}), "openapi"),
                (after[key].get("schema", {}), "openapi"),
                f"{at} {key[1]}",
                Way.IN,
            )
        for key in after.keys() - before.keys():
            if after[key].get("required"):
                yield f"{at}: the new parameter {key[1]} is required"

    def _contents(self, old: Json, new: Json, at: str, way: Way) -> Iterator[str]:
        after = new.get("content", {})
        for media_type, content in old.get("content", {}).items():
            if media_type not in after:
                yield f"{at}: {media_type} is gone"
                continue
            yield from self.schemas(
                (content.get("schema", {}), "openapi"),
                (after[media_type].get("schema", {}), "openapi"),
                at,
                way,
            )

    def _one(self, part: Any) -> Any:
        return self._old.resolve(part, "openapi")[0]

    def _another(self, part: Any) -> Any:
        return self._new.resolve(part, "openapi")[0]


def _proofs(old: list[Json], new: list[Json], at: str) -> Iterator[str]:
    """Whoever was let in by one of these is still let in, with no further scope."""
    for proof in old:
        fits = (
            all(name in proof and set(scopes) <= set(proof[name]) for name, scopes in other.items())
            for other in new
        )
        if new and not any(fits):
            yield f"{at}: {' and '.join(proof)} is not enough any more"
    if new and not old:
        yield f"{at}: callers must now say who they are"


def _types(schema: Json) -> set[str] | None:
    given = schema.get("type")
    if given is None:
        return None
    kinds = {given} if isinstance(given, str) else set(given)
    return kinds | {"integer"} if "number" in kinds else kinds


def _values(old: Json, new: Json, at: str, way: Way) -> Iterator[str]:
    before, after = _types(old), _types(new)
    if after is not None and (before is None or before - after):
        yield f"{at}: the type is narrower"
    if Way.OUT in way and before is not None and (after is None or after - before):
        yield f"{at}: the type is another one than was promised"
    allowed, still = _choices(old), _choices(new)
    if still is not None and (allowed is None or any(value not in still for value in allowed)):
        yield f"{at}: fewer values are allowed"
    if old.get("format") != new.get("format") and (Way.OUT in way or "format" in new):
        yield f"{at}: the format is another one"


def _choices(schema: Json) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    found: list[Any] | None = schema.get("enum")
    return found


def _bounds(old: Json, new: Json, at: str, way: Way) -> Iterator[str]:
    for word in _LEAST:
        if word in new and (word not in old or new[word] > old[word]):
            yield f"{at}: {word} is higher"
        if Way.OUT in way and word in old and (word not in new or new[word] < old[word]):
            yield f"{at}: {word} is lower than was promised"
    for word in _MOST:
        if word in new and (word not in old or new[word] < old[word]):
            yield f"{at}: {word} is lower"
        if Way.OUT in way and word in old and (word not in new or new[word] > old[word]):
            yield f"{at}: {word} is higher than was promised"
    if Way.IN in way and old.get("default") != new.get("default"):
        yield f"{at}: another value holds where none is given"
    for word in _AS_IT_WAS:
        if old.get(word) != new.get(word) and (word in new or Way.OUT in way):
            yield f"{at}: {word} has changed"


def _required(old: Json, new: Json, at: str, way: Way) -> Iterator[str]:
    before, after = set(old.get("required", ())), set(new.get("required", ()))
    if Way.IN in way:
        yield from (f"{at}.{name}: is now required" for name in sorted(after - before))
    if Way.OUT in way:
        yield from (f"{at}.{name}: was promised always" for name in sorted(before - after))
