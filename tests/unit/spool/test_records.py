"""Records: what is whole is read, what is not is not."""

from dataclasses import fields

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from antechamber.adapters.spool.records import (
    END,
    INTENT,
    LONGEST_INTENT,
    LONGEST_RECORD,
    decode_end,
    decode_intent,
    encode_end,
    encode_intent,
    seal,
    walk,
)
from antechamber.features.usage.model import LARGEST, LONGEST, Ending, Intent, TokenUsage, UsageRow
from tests.unit.usage.samples import intent, outcome

texts = st.one_of(st.none(), st.text(st.characters(codec=None), max_size=600))
payloads = st.lists(st.binary(max_size=60), max_size=8)


def row_of(made: Intent, **changes: object) -> UsageRow:
    return decode_end(encode_end(encode_intent(made), outcome(**changes)))  # type: ignore[arg-type]


def test_an_end_alone_is_a_whole_row() -> None:
    asked = intent(1, session_id="s", end_user="雪", key_id=None, user_id="user_1")
    ended = outcome(ended=Ending.CALLER_LEFT, estimated=True, stop_reason=None, first_token_us=None)
    row = decode_end(encode_end(encode_intent(asked), ended))
    assert row == UsageRow(asked, ended)
    assert row.outcome.ended is Ending.CALLER_LEFT


def test_a_record_of_an_older_version_lacks_the_newest_fields() -> None:
    asked = intent(1)
    values = [getattr(asked, field.name) for field in fields(Intent)][:-2]

    assert decode_intent(msgspec.msgpack.encode(values)) == asked


@given(model=texts.filter(lambda text: text is not None), tag=texts, user=texts, reason=texts, tier=texts)
def test_no_text_of_a_caller_or_an_upstream_breaks_or_swells_a_record(
    model: str, tag: str | None, user: str | None, reason: str | None, tier: str | None
) -> None:
    made = intent(1, model_asked=model, session_id=tag, agent_id=user, end_user=user, parent_agent_id=tag)
    payload = encode_intent(made)
    assert len(payload) <= LONGEST_INTENT
    assert (
        len(seal(END, 1, encode_end(payload, outcome(stop_reason=reason, service_tier=tier or "")))) <= LONGEST_RECORD
    )
    row = row_of(made, stop_reason=reason, service_tier=tier or "")
    for text in (row.intent.model_asked, row.intent.end_user, row.outcome.stop_reason, row.outcome.service_tier):
        assert text is None or (text.isprintable() and len(text) <= LONGEST)
    if tag is not None and tag.isprintable() and len(tag) <= 64:
        assert row.intent.session_id == tag


@given(count=st.integers(-(2**80), 2**80))
def test_no_number_of_an_upstream_breaks_a_record(count: int) -> None:
    row = row_of(intent(1), usage=TokenUsage(output=count))
    assert row.outcome.usage.output == min(max(count, 0), LARGEST)


@given(payloads, st.data())
def test_a_torn_tail_costs_only_the_torn_record(bodies: list[bytes], data: st.DataObject) -> None:
    records = [seal(INTENT, number, body) for number, body in enumerate(bodies)]
    whole = b"".join(records)
    cut = data.draw(st.integers(0, len(whole)))
    torn = whole[:cut] + bytes(50)
    found = [bytes(record.payload) for record in walk(memoryview(torn))]
    ends = [sum(map(len, records[: index + 1])) for index in range(len(records))]
    assert found[: len(bodies)] == [body for body, end in zip(bodies, ends, strict=True) if end <= cut]


@given(st.lists(st.binary(min_size=1, max_size=60), min_size=2, max_size=8), st.data())
def test_a_flipped_bit_never_gives_a_wrong_record(bodies: list[bytes], data: st.DataObject) -> None:
    damaged = bytearray(b"".join(seal(END, number, body) for number, body in enumerate(bodies)))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    found = [(record.sequence, bytes(record.payload)) for record in walk(memoryview(bytes(damaged)))]
    assert set(found) < set(enumerate(bodies))


def test_a_damaged_payload_is_passed_over() -> None:
    records = [seal(END, number, b"x" * 20) for number in range(4)]
    whole = bytearray(b"".join(records))
    whole[len(records[0]) + 30] ^= 1
    assert [record.sequence for record in walk(memoryview(bytes(whole)))] == [0, 2, 3]


def test_allocated_but_unwritten_space_holds_no_records() -> None:
    assert list(walk(memoryview(bytes(4096)))) == []
