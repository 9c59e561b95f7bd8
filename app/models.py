"""Every model, imported once, so that the metadata is whole for Alembic and the meta-tests."""

from sqlmodel import SQLModel

from app.allocations import models as allocations
from app.applications import models as applications
from app.applications import place_models as places
from app.audit import models as audit
from app.auth import models as auth
from app.awards import models as awards
from app.budgets import models as budgets
from app.core import models as core
from app.disbursement import guard_models as payee_guards
from app.disbursement import models as disbursement
from app.disbursement import pay_register_models as pay_registers
from app.disbursement import paying_models as paying_accounts
from app.documents import models as documents
from app.imports import models as imports
from app.ledger import models as ledger
from app.notices import models as notices
from app.periods import models as periods
from app.policy import models as policy
from app.recognition import models as recognition
from app.reconciliation import models as reconciliation
from app.reconciliation import reply_models as learnt_replies
from app.reconciliation import signed_register_models as signed_registers
from app.reconciliation import statement_models as statements
from app.recoveries import models as recoveries
from app.registers import models as registers
from app.registry import bank_name_models as bank_names
from app.registry import id_correction_models as id_corrections
from app.registry import models as registry
from app.registry import school_models as school_accounts
from app.rolls import models as rolls

metadata = SQLModel.metadata

__all__ = [
    "allocations",
    "applications",
    "audit",
    "auth",
    "awards",
    "bank_names",
    "budgets",
    "core",
    "disbursement",
    "documents",
    "id_corrections",
    "imports",
    "learnt_replies",
    "ledger",
    "metadata",
    "notices",
    "pay_registers",
    "payee_guards",
    "paying_accounts",
    "periods",
    "places",
    "policy",
    "recognition",
    "reconciliation",
    "recoveries",
    "registers",
    "registry",
    "rolls",
    "school_accounts",
    "signed_registers",
    "statements",
]
