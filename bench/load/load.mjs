// One workload against one server, told as JSON on stdin; what was measured as JSON on stdout.
//
// {base, connections, seconds, steps, pool}: `steps` are requests in order, the same on each connection.
// In path, headers and body `{name}` stands for a value: of this round, else of the plan's `values`.
// `take` = {name: "location:code" | "json:access_token"} keeps a value of an answer for the next step.
// `pool` = {name, values}: each round takes one, and gives back what it took under the same name.
import autocannon from 'autocannon';

const plan = JSON.parse(await new Promise((done) => {
  let text = '';
  process.stdin.on('data', (part) => { text += part; }).on('end', () => done(text));
}));
const pool = [...(plan.pool?.values ?? [])];
let wrong = 0;
let firstWrong = '';
let rounds = 0;

const fill = (text, held) =>
  text.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(held[name] ?? plan.values[name] ?? ''));

function read(where, body, headers) {
  const [from, name] = where.split(':');
  if (from === 'json') return JSON.parse(body)[name];
  const location = headers.location ?? headers.Location;
  return new URL(location, plan.base).searchParams.get(name);
}

const requests = plan.steps.map((step, index) => ({
  method: step.method,
  setupRequest(request, context) {
    if (index === 0 && plan.pool) context[plan.pool.name] = pool.shift();
    return {
      ...request,
      path: fill(step.path, context),
      headers: Object.fromEntries(Object.entries(step.headers ?? {}).map(([k, v]) => [k, v])),
      body: step.body ? fill(step.body, context) : undefined,
    };
  },
  onResponse(status, body, context, headers) {
    if (status !== step.status) {
      wrong += 1;
      firstWrong ||= `${step.path} ${status} ${body}`.slice(0, 300);
      return;
    }
    for (const [name, where] of Object.entries(step.take ?? {})) context[name] = read(where, body, headers);
    if (index === plan.steps.length - 1) {
      rounds += 1;
      if (plan.pool) pool.push(context[plan.pool.name]);
    }
  },
}));

const result = await autocannon({
  url: plan.base, connections: plan.connections, duration: plan.seconds, requests, timeout: 30,
});
console.log(JSON.stringify({
  rounds,
  wrong: wrong + result.errors + result.timeouts,
  firstWrong,
  perSecond: rounds / result.duration,
  p50: result.latency.p50,
  p99: result.latency.p99,
}));
