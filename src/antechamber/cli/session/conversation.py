"""A conversation: what was said, with which model, over which backend."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from antechamber.cli.session.backends import Backend, Tally, Turn
from antechamber.client.credentials import Access


@dataclass(slots=True)
class Conversation:
    """What a session holds; `model` is empty until one is known, `unsent` is what could not be answered."""

    access: Access
    backend: Backend
    model: str = ""
    turns: list[Turn] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    unsent: str = ""

    def __post_init__(self) -> None:
        self.model = self.model or self.backend.default_model or ""

    def switch(self, access: Access, backend: Backend) -> None:
        """Go on over another backend; what was said stays, the model is asked for anew."""
        self.access = access
        self.backend = backend
        self.model = backend.default_model or ""

    def settle_model(self) -> str:
        """Return the model to ask: the one chosen, or the first that the backend lists; empty if it lists none."""
        if not self.model:
            self.model = self.backend.default_model or next(iter(self.backend.models()), "")
        return self.model

    def answer(self, model: str, question: str) -> Iterator[str]:
        """Yield the answer to a question after all that was said before."""
        return self.backend.answer(model, [*self.turns, Turn("user", question)], self.tally)

    def keep(self, question: str, answer: str) -> None:
        """Keep a question with its answer; an answer that was stopped counts as far as it came."""
        if answer.strip():
            self.turns += [Turn("user", question), Turn("assistant", answer)]
            self.unsent = ""
        else:
            self.unsent = question

    def clear(self) -> None:
        """Forget what was said."""
        self.turns.clear()
        self.unsent = ""
