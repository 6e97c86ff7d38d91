"""The Celery application: ``celery -A workers.app worker -P threads`` and ``celery -A workers.app beat``.

Nothing of the business waits in the broker. A tick a second finds what is due in the database and pokes; every task
may be lost or come twice. So there are no results, no retries and no etas, and a worker begins by throwing away what
has piled up (``admin/cli/programs.py``).
"""

from __future__ import annotations

from typing import Any

from celery import Celery, bootsteps
from celery.signals import setup_logging
from kombu.entity import Queue

from config.embedded import broker_url
from config.logging import configure_logging
from workers.context import get_context

TICK_SECONDS = 1.0
QUEUE = "loa"
EXPIRES = 86_400
"""Seconds after which a task is forgotten, by the reader's clock against the sender's. A late one is harmless, but a
worker whose clock is off by more than this would throw away everything, for ever."""


def gateway_queue(name: str) -> str:
    """The queue of pokes for one gateway; read by workers that have a session with it."""
    return f"loa.gateway.{name}"


def _make_app() -> Celery:
    context = get_context()
    app = Celery("loa", broker=broker_url(context.redis_url), include=["workers.tasks"])
    app.conf.update(
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_queues=[Queue(QUEUE)],  # type: ignore[no-untyped-call]
        task_default_queue=QUEUE,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"socket_timeout": 10, "socket_connect_timeout": 5, "retry_on_timeout": True},
        timezone="UTC",
        beat_scheduler="celery.beat:Scheduler",
        beat_max_loop_interval=TICK_SECONDS,
        beat_schedule={
            "tick": {"task": "loa.tick", "schedule": TICK_SECONDS, "options": {"expires": EXPIRES, "queue": QUEUE}}
        },
    )
    return app


app = _make_app()


@setup_logging.connect  # type: ignore[untyped-decorator]
def _logging(**_: Any) -> None:
    configure_logging(get_context().settings)


class HandsStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Starts the gateway sessions with the worker and closes them before it ends."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, gateway: str | None = None, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self._only = gateway

    def start(self, worker: Any) -> None:
        """Open sessions."""
        from workers.hands import Hands

        def read_queue(gateway: str) -> None:
            consumer = worker.consumer
            if consumer is not None:
                consumer.call_soon(consumer.add_task_queue, gateway_queue(gateway))

        app.loa_hands = Hands(get_context(), self._only, read_queue)
        app.loa_hands.start()

    def stop(self, worker: Any) -> None:
        """Finish what is on the wire, then close; end what works beside."""
        from workers.children import end_children

        end_children()
        hands = getattr(app, "loa_hands", None)
        if hands is not None:
            hands.stop()
            app.loa_hands = None

    terminate = stop


app.steps["worker"].add(HandsStep)


def _add_gateway_option() -> None:
    from click import Option

    app.user_options["worker"].add(
        Option(["--gateway"], default=None, help="Serve this gateway only."),
    )


_add_gateway_option()
