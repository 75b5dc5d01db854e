"""The versions of all keys, without their values; then what differs."""

from replicas.store.antientropy import brief
from replicas.store.comparing import KeyPage, Lacks
from replicas.store.exchanges import Exchange

from .kind import Handlers
from .paged import Paged


class Keys(Paged):
    tells_keys = True

    def handlers(self) -> Handlers:
        return {KeyPage: self.key_page, Lacks: self.lacks}

    def ask(self, exchange: Exchange) -> None:
        core, partitions, after = self.core, exchange.partitions, exchange.after
        page, until = self.page(after, None, partitions)
        briefs = [brief(record) for record in page]
        born, origin, session = core.now.wall, exchange.origin, exchange.session
        self.sending.say(exchange.peer, KeyPage(0, born, origin, session, core.name, after, until, partitions, briefs))

    def key_page(self, sender: str, message: KeyPage) -> None:
        """At the other side, who sees both: send what wins here, ask for what wins there."""
        core = self.core
        if not core.joined:
            return
        page, until = self.page(message.after, message.until, message.partitions)
        theirs = {b.key: b for b in message.briefs if until is None or b.key <= until}
        want, win = self.weigh(theirs, [record.key for record in page])
        for key in win:
            self.sending.push(sender, key, message.origin, None)
        differed = list(dict.fromkeys(map(core.placement.partition_of, [*want, *win])))
        born, session, opener = core.now.wall, message.session, message.opened_by
        self.sending.say(
            sender,
            Lacks(0, born, message.origin, session, opener, message.after, until, want, len(win), differed),
        )
        if until is None:
            self.exchanges.was_compared(sender)

    def lacks(self, sender: str, message: Lacks) -> None:
        """At the opener."""
        exchange = self.asked_about(message)
        if exchange is None:
            return
        exchange.differed = list(dict.fromkeys([*exchange.differed, *message.differed]))
        for key in message.keys:
            self.sending.push(sender, key, message.origin, exchange)
        self.go_on(exchange, message.until)
