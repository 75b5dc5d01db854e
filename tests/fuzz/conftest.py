from tests.replicas.store.conftest import start_nodes

__all__ = ["start_nodes"]
