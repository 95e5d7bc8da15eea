"""The session itself: what a person types, answered or obeyed, until they leave."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from antechamber.cli.session.conversation import Conversation
from antechamber.cli.session.switching import Switchboard
from antechamber.cli.session.terminal import Terminal
from antechamber.client.failures import CredentialUnusable, ServerRefused, ServerUnreachable

COMMANDS: Final[Mapping[str, str]] = {
    "/auth": "authenticate in another way, without leaving",
    "/clear": "forget what was said and begin anew",
    "/help": "show this",
    "/model": "choose the model: /model, or /model NAME",
    "/quit": "leave (Ctrl-D does, too)",
    "/status": "show server, credential, model and tokens used",
}
_KEYS: Final = (
    ("Enter", "sends"),
    ("Alt-Enter or Ctrl-J", "begins another line, as does a backslash before Enter"),
    ("Ctrl-C", "stops the answer, or clears the line"),
    ("Up, Down, Ctrl-R", "go through what you typed before"),
)
_ADVICE: Final = {
    401: "The credential is not accepted: /auth switches to another.",
    403: "The credential may not do this: /auth switches to another.",
    404: "/model lists the models you may use.",
}


@dataclass(slots=True)
class Session:
    """One sitting at the terminal."""

    terminal: Terminal
    switchboard: Switchboard
    conversation: Conversation
    is_over: bool = False

    def run(self) -> None:
        """Read and answer until the person leaves."""
        with self.terminal.held():
            self._run()

    def _run(self) -> None:
        if self.conversation.access.credential is None:
            self.terminal.say("You are not logged in yet, and no key is set.")
            self._guarded(self._auth, "")
        self.terminal.say("Ask away. /help shows the commands, Ctrl-D leaves.")
        while not self.is_over:
            try:
                self._turn()
            except KeyboardInterrupt:
                self.conversation.unsent = ""
            except EOFError:
                return

    def _turn(self) -> None:
        """Read what the person says, and answer or obey; EOFError when they leave, KeyboardInterrupt at Ctrl-C."""
        text = self.terminal.read(self.conversation.unsent).strip()
        self.conversation.unsent = ""
        self._guarded(self._obey if text.startswith("/") else self._answer, text)

    def toolbar(self) -> str:
        """Return the line at the bottom: model, source, server."""
        conversation = self.conversation
        source = conversation.access.credential.source if conversation.access.credential else "not logged in"
        return f" {conversation.model or 'no model yet'} · {source} · {conversation.access.base_url.value}"

    def _guarded(self, step: Callable[[str], None], text: str) -> None:
        """Take a step; what goes wrong is told, and the session goes on."""
        try:
            step(text)
        except (KeyboardInterrupt, EOFError):
            self.terminal.say("\nLeft as it was." if text.startswith("/") or not text else "\nStopped.")
        except ServerRefused as error:
            self.terminal.say(f"{error.status} {error.message}")
            if error.status in _ADVICE:
                self.terminal.say(_ADVICE[error.status])
        except ServerUnreachable as error:
            self.terminal.say(f"{error.url}: {error.kind}: {error.note}")
            self.terminal.say("Your message is kept: press Enter to try again, or /auth for another server.")
        except CredentialUnusable as error:
            self.terminal.say(f"{error}")
            self.terminal.say("/auth switches to another way.")

    def _answer(self, question: str) -> None:
        conversation = self.conversation
        if conversation.access.credential is None:
            self._auth("")
        if conversation.access.credential is None:
            conversation.unsent = question
            return
        conversation.unsent = question
        model = conversation.settle_model()
        if not model:
            self.terminal.say("The server lists no models you may use: name one with /model NAME.")
            return
        answer = ""
        try:
            for piece in conversation.answer(model, question):
                self.terminal.piece(piece)
                answer += piece
        finally:
            if answer and not answer.endswith("\n"):
                self.terminal.say()
            conversation.keep(question, answer)
        self.terminal.say()

    def _obey(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        commands: dict[str, Callable[[str], None]] = {
            "/auth": self._auth,
            "/clear": self._clear,
            "/exit": self._quit,
            "/help": self._help,
            "/model": self._model,
            "/quit": self._quit,
            "/status": self._status,
        }
        begun = [known for known in commands if known.startswith(name)]
        obey = commands.get(name if name in commands or len(begun) != 1 else begun[0])
        if obey is None:
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            self.terminal.say(f"No command {name}." + (f" Did you mean {near[0]}?" if near else " /help lists them."))
            return
        obey(rest.strip())

    def _auth(self, rest: str) -> None:
        del rest
        access = self.switchboard.pick(self.conversation.access)
        if access is None:
            self.terminal.say("Left as it was.")
            return
        self.conversation.switch(access, self.switchboard.backend(access))
        self._greet()

    def _greet(self) -> None:
        """Say what is in force now, and find the model."""
        conversation = self.conversation
        conversation.settle_model()
        source = conversation.access.credential.source if conversation.access.credential else "nothing"
        self.terminal.say(f"Now using {source} at {conversation.access.base_url.value}.")

    def _clear(self, rest: str) -> None:
        del rest
        self.conversation.clear()
        self.terminal.say("Forgotten.")

    def _help(self, rest: str) -> None:
        del rest
        for name, about in COMMANDS.items():
            self.terminal.say(f"  {name:<8}  {about}")
        for key, about in _KEYS:
            self.terminal.say(f"  {key}: {about}")

    def _model(self, rest: str) -> None:
        conversation = self.conversation
        if rest:
            conversation.model = rest
        else:
            names = conversation.backend.models()
            picked = self.terminal.choose("Which model?", names) if names else None
            if picked is None:
                self.terminal.say(f"Still {conversation.model}." if names else "The server lists none.")
                return
            conversation.model = names[picked]
        self.terminal.say(f"From now on {conversation.model}.")

    def _status(self, rest: str) -> None:
        del rest
        conversation, access = self.conversation, self.conversation.access
        tally = conversation.tally
        rows = [
            ("Server", f"{access.base_url.value} (from {access.base_url.source})"),
            ("Credential", access.credential.source if access.credential else "none"),
            ("Workspace", access.workspace_id or "the credential's own"),
            ("Model", conversation.model or "none yet"),
            ("Said", f"{len(conversation.turns)} messages"),
            ("Tokens", f"{tally.input_tokens:,} in, {tally.output_tokens:,} out"),
        ]
        if access.shadowed:
            rows.append(("Shadowed", ", ".join(access.shadowed)))
        for name, value in rows:
            self.terminal.say(f"  {name:<10}  {value}")

    def _quit(self, rest: str) -> None:
        del rest
        self.is_over = True
