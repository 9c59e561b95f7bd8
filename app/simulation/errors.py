"""What a simulation refuses."""

from app.core.errors import Invalid


class SimulationInvalid(Invalid):
    """A catalogue, programme, draft or version that cannot be reckoned; every fault is listed."""

    code = "simulation-invalid"
