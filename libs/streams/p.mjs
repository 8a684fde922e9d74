import { Redis } from 'ioredis';
const r = new Redis({port: 1, retryStrategy: t=>Math.min(1000,50*2**t), maxRetriesPerRequest:0, enableOfflineQueue:false, socketTimeout: 10000, keepAlive: 10000, connectTimeout: 5000});
r.on('error',()=>{}); r.on('end',()=>console.log('end', Date.now()-t0));
const t0=Date.now();
setTimeout(()=>{ console.log(r.status); r.disconnect(); console.log('after', r.status, process.getActiveResourcesInfo());
 const iv=setInterval(()=>console.log(Date.now()-t0, r.status, process.getActiveResourcesInfo()),400); iv.unref();
}, 300);
process.on('exit',()=>console.log('exit', Date.now()-t0));
