"""Shapes of what is sent and received. Names are those of the HTTP API."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, Mapping, Optional, Sequence, TypedDict, Union

Permissions = Union[Literal["none"], "PermissionLists"]
Outcome = Literal["ok", "exception", "timeout", "memory", "output_limit", "crash"]


class PermissionLists(TypedDict, total=False):
    env: List[str]
    net: List[str]
    read: List[str]
    write: List[str]
    run: List[str]
    ffi: List[str]
    sys: List[str]
    hrtime: bool


class SettingFields(TypedDict, total=False):
    """Fields that executions and deployments share."""

    language: Literal["javascript", "typescript"]
    entry: str
    timeout: float
    queueTimeout: float
    tools: List[str]
    permissions: Permissions
    sandbox: Literal["none", "isolated", "container"]
    reuse: Literal["never", "tenant", "code"]
    memory: int
    dependencies: Dict[str, str]
    overrides: Dict[str, Any]
    packages: str
    secrets: List[str]
    bindings: List[Dict[str, Any]]


class Base64(TypedDict):
    """Bytes of a file as they are sent."""

    base64: str


class FileFields(TypedDict, total=False):
    """Files that code reads below /tmp/in, and globs of those that it leaves below /tmp/out."""

    files: Mapping[str, Union[str, bytes, Base64]]
    artifacts: Sequence[str]


class RunFields(SettingFields, FileFields, total=False):
    """Fields of an execution, beside its code and input."""

    explain: bool
    reuseKey: str


class DeployFields(SettingFields, total=False):
    """Fields of a deployment, beside its code or files."""

    main: str
    kind: Literal["value", "http"]
    public: bool
    stripPrefix: bool
    cors: Dict[str, Any]


class ScheduleFields(TypedDict, total=False):
    timezone: str
    overlap: Literal["skip", "queue"]
    paused: bool


class LogEntry(TypedDict, total=False):
    level: str
    message: str
    timestamp: float
    stream: str
    name: str
    stack: str
    hint: str
    cause: Dict[str, Any]
    errors: List[Dict[str, Any]]
    details: Dict[str, Any]
    truncated: List[str]


class Usage(TypedDict, total=False):
    wall: float
    queued: float
    cpu: Optional[float]
    peakMemory: Optional[int]
    bytesOut: int
    egressBytes: int
    channelDropped: int
    fresh: str


class _Artifact(TypedDict):
    path: str
    bytes: int


class Artifact(_Artifact, total=False):
    """A file that code has left. `content_of` gives its bytes."""

    text: str
    base64: str


class _OmittedArtifact(TypedDict):
    reason: str


class OmittedArtifact(_OmittedArtifact, total=False):
    path: str
    count: int


class _Answer(TypedDict):
    id: str
    ok: bool
    outcome: Outcome
    duration: int
    usage: Usage


class Answer(_Answer, total=False):
    """How an execution ended, whatever its code did. Without a result it returned nothing."""

    result: Any
    logs: List[LogEntry]
    logsDropped: int
    warnings: List[str]
    plan: Dict[str, Any]
    denied: List[Dict[str, Any]]
    artifacts: List[Artifact]
    artifactsOmitted: List[OmittedArtifact]


class SessionFields(TypedDict, total=False):
    """Fields of a session, which all of its executions have."""

    idle: int
    max: int
    queueTimeout: float
    tools: List[str]
    permissions: Permissions
    sandbox: Literal["none", "isolated", "container"]
    memory: int
    dependencies: Dict[str, str]
    overrides: Dict[str, Any]
    packages: str
    secrets: List[str]
    bindings: List[Dict[str, Any]]


class SessionRunFields(TypedDict, total=False):
    """Fields of an execution in a session, beside its code and input."""

    language: Literal["javascript", "typescript"]
    entry: str
    timeout: float
    explain: bool


class SessionInfo(TypedDict):
    """A session that has not ended."""

    id: str
    level: Literal["none", "isolated", "container"]
    permissions: Any
    running: bool
    executions: int
    idle: int
    max: int
    createdAt: str
    expiresAt: str


class _SessionState(TypedDict):
    id: str
    expiresAt: str


class SessionState(_SessionState, total=False):
    """A session after an execution. `ended` is the reason of its end, once it has ended."""

    ended: str


class SessionAnswer(Answer):
    """How an execution in a session ended, and what became of the session."""

    session: SessionState


class Accepted(TypedDict):
    id: str
    status: Literal["queued"]


class _Job(TypedDict):
    id: str
    status: Literal["queued", "running", "done", "cancelled"]
    attempts: int
    acceptedAt: str
    finishedAt: Optional[str]


class Job(_Job, total=False):
    """An execution that is answered later. Its answer is there once it is done."""

    answer: Dict[str, Any]


class Function(TypedDict):
    name: str
    kind: Literal["value", "http"]
    current: int
    latest: int
    createdAt: str
    updatedAt: str


class _FunctionVersion(TypedDict):
    name: str
    version: int
    kind: Literal["value", "http"]
    main: str
    public: bool
    request: Dict[str, Any]
    createdAt: str


class FunctionVersion(_FunctionVersion, total=False):
    stripPrefix: bool
    cors: Dict[str, Any]
    url: str
    lockHash: str
    warnings: List[str]
    files: Dict[str, str]
    lock: Dict[str, Any]


class Execution(TypedDict):
    id: str
    requestId: str
    via: str
    function: Optional[str]
    version: Optional[int]
    level: str
    tools: List[str]
    permissions: Any
    outcome: str
    error: Optional[str]
    startedAt: str
    duration: float
    usage: Optional[Usage]


class Secret(TypedDict):
    name: str
    version: int
    createdAt: str
    updatedAt: str


class _NewKey(TypedDict):
    id: str
    key: str


class NewKey(_NewKey, total=False):
    """A key that was created just now. No other answer has its text."""

    scopes: List[str]
    expiresAt: str
