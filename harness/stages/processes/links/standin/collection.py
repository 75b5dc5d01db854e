"""All proxies of the server."""

from harness.stages.processes.links.standin.bodies import ProxyBody, Refused
from harness.stages.processes.links.standin.proxy import Proxy


class Collection:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.proxies: dict[str, Proxy] = {}

    def get(self, name: str) -> Proxy:
        if name not in self.proxies:
            raise Refused(404, "proxy not found")
        return self.proxies[name]

    async def create(self, body: ProxyBody) -> Proxy:
        proxy = self._new(body, "")
        if proxy.name in self.proxies:
            raise Refused(409, "proxy already exists")
        await self._add(proxy, body)
        return proxy

    async def populate(self, bodies: list[ProxyBody], made: list[Proxy]) -> None:
        """Adds to `made` what now stands, so that it is known which was refused. Equal ones are kept as they are."""
        wanted = [self._new(body, f" at proxy {number}") for number, body in enumerate(bodies, 1)]
        for proxy, body in zip(wanted, bodies, strict=True):
            old = self.proxies.get(proxy.name)
            if old is not None and not await old.differs(proxy.listen, proxy.upstream):
                made.append(old)
                continue
            if old is not None:
                old.stop()
            await self._add(proxy, body)
            made.append(proxy)

    def delete(self, name: str) -> None:
        self.get(name).stop()
        del self.proxies[name]

    async def reset(self) -> None:
        """Frees all that can be freed, and only then says what could not be started."""
        refusals: list[Refused] = []
        for proxy in self.proxies.values():
            for toxic in list(proxy.toxics):
                proxy.remove(toxic)
            try:
                await proxy.start()
            except Refused as refusal:
                refusals.append(refusal)
        if refusals:
            raise refusals[0]

    def _new(self, body: ProxyBody, where: str) -> Proxy:
        if not body.name:
            raise Refused(400, f"missing required field: name{where}")
        if not body.upstream:
            raise Refused(400, f"missing required field: upstream{where}")
        return Proxy(body.name, body.listen or "", body.upstream, self.seed)

    async def _add(self, proxy: Proxy, body: ProxyBody) -> None:
        if body.enabled is not False:
            await proxy.start()
        self.proxies[proxy.name] = proxy
