"""The HTTP API: thin routes over the functions of lower layers.

    app          the application, from its routers
    calls        the frame of every call: id, log, span and headers
    callers      who calls, with which least role: `Viewer`, `Editor`, `Approver`, `Operator`
    tokens       reads bearer tokens; `local_keys` makes them for the demo
    context      what routes share: `Api` has the desk, the connections and the clock
    definition_bodies  the bodies of `routes/definitions`
    answers      entity tags, cursors, and the model of all bodies
    documentation
                 the page `/docs`, with its scripts from this server
    problems     failures as problems of RFC 9457, from the tree of errors
    rate_limits  calls of a caller in a minute
    routes/      one module with one router for each subject

A module of routes has 100 to 250 lines and one subject:

    router = APIRouter(prefix="/breaks", tags=["breaks"])

    class Break(ApiModel): ...                      # a body; every field has a description

    @router.get("", summary="The open breaks")      # the least role is the type of `caller`
    def breaks(caller: Viewer, api: Api, request: Request) -> Response:
        with api.reading(caller.organization_id) as connection:
            found = open_breaks(connection, caller.organization_id)
        return tagged(request, Breaks(items=[...]))

and is added to `_ROUTERS` in `app`. Its paths begin below `/v1/organizations/{organization_id}`.
A call also has its method in `client.client`, and a body its class in `client.models`: a test
compares them.

A route that changes something opens `api.writing()` and calls `record` of `catalogue.audit_log` in
the same transaction. A function that waits for the warehouse or the store is a plain `def`: the
framework runs it in a thread. A failure is an error of `errors`, whose status is in
`problems.STATUSES`.

What belongs here: paths, bodies, roles and headers. What does not: any work or statement, which is
in a lower layer, so that the command line does the same.
"""
