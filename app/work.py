"""Everything that is done behind the door, for whatever process works: a worker knows of a task
once its module is loaded.
"""

from app.auth import jobs as auth_jobs
from app.imports import jobs as import_jobs
from app.notices import jobs as notice_jobs
from app.recognition import queries as recognition
from app.reconciliation import jobs as worklist_jobs
from app.registers import jobs as register_jobs
from app.rolls import jobs as roll_jobs

# Work that nobody asks for, and what the door puts off.
JOBS = (
    auth_jobs.forget,
    notice_jobs.take_down,
    worklist_jobs.remind,
    import_jobs.run,
    register_jobs.run,
    register_jobs.match_again,
    roll_jobs.run,
)

# Matching asks the keeper of signatures, who names itself when it is loaded.
SIGNATURES = (recognition.signed,)
