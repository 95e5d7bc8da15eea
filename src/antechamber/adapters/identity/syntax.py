"""What a compiled CEL expression looks at: its syntax tree, in the Protocol Buffers form that the evaluator gives.

The messages are those of google/cel-spec, checked.proto and syntax.proto; only the fields that are named here are read.
"""

import itertools
from collections.abc import Iterator
from typing import Final, TypeAlias

_Fields: TypeAlias = dict[int, list[bytes]]

# google.protobuf.Any.value, cel.expr.CheckedExpr.expr
_VALUE, _EXPRESSION = 2, 4
# cel.expr.Expr
_CONSTANT, _IDENT, _SELECT, _CALL, _LIST, _STRUCT, _COMPREHENSION = 3, 4, 5, 6, 7, 8, 9
# Expr.Ident, Expr.Select, Expr.Call, Constant
_IDENT_NAME = 1
_SELECT_OPERAND, _SELECT_FIELD, _SELECT_TEST_ONLY = 1, 2, 3
_CALL_FUNCTION, _CALL_ARGUMENTS = 2, 3
_CONSTANT_STRING = 6
_INDEX: Final = "_[_]"
# which fields of which kind of expression are expressions
_NESTED: Final = {_SELECT: (1,), _CALL: (1, 3), _LIST: (1,), _COMPREHENSION: (2, 4, 5, 6, 7)}
_STRUCT_ENTRIES: Final = 2
_ENTRY: Final = (3, 4)
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIZES: Final = {_FIXED64: 8, _FIXED32: 4}


def references(serialized: bytes, variable: str) -> Iterator[str]:
    """Yield the members of a variable whose values an expression looks at: `v.a` and `v["a"]`, but not `has(v.a)`."""
    checked = _read(_read(serialized).get(_VALUE, [b""])[0])
    waiting = checked.get(_EXPRESSION, [])
    while waiting:
        expression = _read(waiting.pop())
        yield from _looked_at(expression, variable.encode())
        waiting.extend(_nested(expression))


def _looked_at(expression: _Fields, variable: bytes) -> Iterator[str]:
    for select in map(_read, expression.get(_SELECT, [])):
        if _is_variable(select.get(_SELECT_OPERAND, []), variable) and _SELECT_TEST_ONLY not in select:
            yield select[_SELECT_FIELD][0].decode()
    for call in map(_read, expression.get(_CALL, [])):
        arguments = call.get(_CALL_ARGUMENTS, [])
        if call[_CALL_FUNCTION] == [_INDEX.encode()] and _is_variable(arguments[:1], variable):
            for constant in map(_read, _read(arguments[1]).get(_CONSTANT, [])):
                yield from (text.decode() for text in constant.get(_CONSTANT_STRING, []))


def _is_variable(expressions: list[bytes], variable: bytes) -> bool:
    idents = itertools.chain.from_iterable(_read(each).get(_IDENT, []) for each in expressions)
    return any(_read(ident).get(_IDENT_NAME) == [variable] for ident in idents)


def _nested(expression: _Fields) -> Iterator[bytes]:
    for kind, numbers in _NESTED.items():
        for message in map(_read, expression.get(kind, [])):
            for number in numbers:
                yield from message.get(number, [])
    for struct in map(_read, expression.get(_STRUCT, [])):
        for entry in map(_read, struct.get(_STRUCT_ENTRIES, [])):
            for number in _ENTRY:
                yield from entry.get(number, [])


def _read(message: bytes) -> _Fields:
    """Return a message's fields by number (protobuf.dev/programming-guides/encoding); numbers as empty texts."""
    found: _Fields = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        size = 0
        if kind == _VARINT:
            _, at = _varint(message, at)
        elif kind == _BYTES:
            size, at = _varint(message, at)
        else:
            size = _SIZES[kind]
        found.setdefault(tag >> 3, []).append(message[at : at + size])
        at += size
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the continuation bit
            return number, at
