import time,os,cProfile,pstats,sys,hashlib
from colecionador.domain.settings import Settings
from connectors.s3.store import S3Store
from connectors.s3.buckets import create_missing_buckets
class T:
    def emit(self,e): pass
s=Settings()
create_missing_buckets(s)
st=S3Store(s,T())
d=os.urandom(20000); m=hashlib.md5(d).hexdigest()
def go(n):
    for i in range(n): assert st.upload(s.training_bucket,f"a/b{i%50}",d,"image/jpeg",m)==m
go(50)
for _ in range(3):
    c=time.process_time();w=time.perf_counter();go(400);print("put ms cpu",(time.process_time()-c)/400*1e3,"wall",(time.perf_counter()-w)/400*1e3)
if len(sys.argv)>1:
    p=cProfile.Profile();p.enable();go(400);p.disable();pstats.Stats(p).sort_stats("cumtime").print_stats(60)
import resource
a=resource.getrusage(resource.RUSAGE_SELF);go(1000);b=resource.getrusage(resource.RUSAGE_SELF)
print("user",b.ru_utime-a.ru_utime,"sys",b.ru_stime-a.ru_stime,"csw",b.ru_nvcsw-a.ru_nvcsw,b.ru_nivcsw-a.ru_nivcsw)
