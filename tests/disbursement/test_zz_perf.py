import time
from app.core import db
from app.core.actor import SYSTEM
from app.disbursement.service import open_run, RunAsked
from app.disbursement.release import release
from tests.disbursement.conftest import DAY, RURAL
from tests.factories.money import appropriate
from tests.factories.payouts import make_payees
def test_perf(city, cluster, database):
    n=12000
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, n*250_00)
        make_payees(session, city.schools[RURAL], n)
    with cluster.superuser(database) as o:
        o.autocommit=True
        o.execute("ANALYZE")
    t=time.perf_counter()
    with db.scoped_session(SYSTEM) as session:
        run=open_run(session, RunAsked(programme='boarding-subsidy', due_to=DAY, bank_format='generic-pipe'), by=city.actor('finance_maker'))
    print("open", time.perf_counter()-t); t=time.perf_counter()
    with db.scoped_session(SYSTEM) as session:
        release(session, run.id, by=city.actor('finance_checker'))
    print("release", time.perf_counter()-t)
