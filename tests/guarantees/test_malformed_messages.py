"""Messages that name no item: dead letters, untouched, with words that name the field."""

from __future__ import annotations

import json
from uuid import uuid4

from tests.fix_flow import Flows
from tests.fix_messages import Message, message
from tests.fix_service import Service
from tests.invariants import check_invariants

VALID = {"itemId": 7, "categoria": "moedas", "objectKey": "originals/7.jpg"}


def _without(name: str) -> bytes:
    return json.dumps({key: value for key, value in VALID.items() if key != name}).encode()


def _with(**fields: object) -> bytes:
    return json.dumps({**VALID, **fields}).encode()


MALFORMED: tuple[tuple[str, bytes], ...] = (
    ("body", b""),
    ("body", b"not JSON"),
    ("body", b'{"itemId": 7'),
    ("body", b'{"itemId": 7, "categoria": "\xff\xfe"}'),
    ("body", "{}".encode("utf-16")),
    ("body", b"[1, 2, 3]"),
    ("body", b"null"),
    ("body", b'"a text"'),
    ("body", _with(itemId=float("nan"))),
    ("body", _with(itemId=10**400)),
    ("body", b"[" * 500_000 + b"]" * 500_000),
    ("body", b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    ("itemId", b"{}"),
    ("itemId", _without("itemId")),
    ("itemId", _with(itemId=0)),
    ("itemId", _with(itemId=-1)),
    ("itemId", _with(itemId=2**63)),
    ("itemId", _with(itemId=10**30)),
    ("itemId", _with(itemId=1.5)),
    ("itemId", _with(itemId=1.0)),
    ("itemId", _with(itemId="7")),
    ("itemId", _with(itemId=True)),
    ("itemId", _with(itemId=None)),
    ("itemId", _with(itemId=[7])),
    ("categoria", _without("categoria")),
    ("categoria", _with(categoria=7)),
    ("categoria", _with(categoria="")),
    ("categoria", _with(categoria="Moedas")),
    ("categoria", _with(categoria="moedas\n")),
    ("categoria", _with(categoria="../training")),
    ("categoria", _with(categoria="m" * 65)),
    ("objectKey", _without("objectKey")),
    ("objectKey", _with(objectKey=7)),
    ("objectKey", _with(objectKey="")),
    ("objectKey", _with(objectKey="../secret.jpg")),
    ("objectKey", _with(objectKey="originals/../../secret.jpg")),
    ("objectKey", _with(objectKey="/etc/passwd")),
    ("objectKey", _with(objectKey="a\u0000b.jpg")),
    ("objectKey", _with(objectKey="é" * 513)),
    ("bucket", _with(bucket="somebody-elses")),
    ("bucket", _with(bucket=None)),
    ("bucket", _with(bucket={"name": "images"})),
)


def test_each_malformed_body_is_a_dead_letter_untouched_that_names_its_field(
    service: Service, flows: Flows
) -> None:
    malformed = {str(uuid4()): case for case in MALFORMED}
    sent = [Message(message_id, body) for message_id, (_, body) in malformed.items()]
    # Good ones before, between and after: the dataflow goes on.
    good = [message(item_id) for item_id in (1, 2, 3)]
    for item_id in (1, 2, 3):
        service.put(item_id)
    half = len(sent) // 2
    everything = [good[0], *sent[:half], good[1], *sent[half:], good[2]]
    service.send(everything)
    flow = flows.drain(service)
    books = check_invariants(service, everything)
    assert set(books.successes) == {each.message_id for each in good}
    assert len(books.jobs) == 3
    letters = {letter.message_id: letter for letter in books.dead_letters}
    assert set(letters) == set(malformed)
    for message_id, (field, body) in malformed.items():
        letter = letters[message_id]
        assert letter.body == body
        assert letter.headers["x-error-type"] == "invalid_message"
        assert letter.headers["x-attempt"] == 1
        error = letter.headers["x-error"]
        assert error.startswith(f"{field}: "), f"{body[:80]!r}: {error}"
    assert flow.found("Item retried") == []


def test_a_message_without_an_id_is_known_by_one_that_is_derived_from_it(
    service: Service, flows: Flows
) -> None:
    service.put(1)
    anonymous = Message(None, message(1).body)
    nameless = Message(None, b"not JSON")
    service.send([anonymous, nameless])
    flows.drain(service)
    [job] = service.rows("augmentation_jobs")
    [completion] = service.completions()
    [letter] = service.dead_letters()
    assert completion.properties is not None
    assert completion.properties.correlation_id == job["message_id"]
    assert letter.body == nameless.body
    assert letter.message_id
    check_invariants(service, [Message(job["message_id"], anonymous.body), letter])


def test_the_other_name_of_the_categoria_and_unknown_fields_are_accepted(
    service: Service, flows: Flows
) -> None:
    body = {"itemId": 1, "category": "selos", "objectKey": "originals/1.jpg", "colour": "red"}
    sent = Message(str(uuid4()), json.dumps(body).encode())
    service.put(1)
    service.send([sent])
    flows.drain(service)
    books = check_invariants(service, [sent])
    assert [(row["categoria"], row["status"]) for row in books.jobs] == [("selos", "success")]
    assert len(books.results) == 9
