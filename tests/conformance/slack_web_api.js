// Slack's own Web API client against the simulated Slack: what it is asked on its command line, told as one line of JSON.
//   methods   what the bot calls succeeds, and fails as Slack documents
//   limits    a channel's limit is reached: the client waits as long as Retry-After says, and gets through
//   revoked   after the scope users:read was taken away
'use strict';
const { WebClient, LogLevel, WebClientEvent } = require('@slack/web-api');

const options = { slackApiUrl: process.env.SLACK_API, logLevel: LogLevel.ERROR };
const client = new WebClient(process.env.BOT_TOKEN, options);
const channel = 'C0INCIDENT';
const results = {};

async function ask(name, call) {
  try {
    results[name] = await call();
  } catch (error) {
    results[name] = { ok: false, error: error.data ? error.data.error : String(error), metadata: error.data && error.data.response_metadata };
  }
  return results[name];
}
const section = (text) => ({ type: 'section', text: { type: 'mrkdwn', text } });
const press = (value) => ({ type: 'actions', elements: [{ type: 'button', action_id: 'a', value, text: { type: 'plain_text', text: 'P' } }] });

async function methods() {
  const { chat, conversations, users, usergroups } = client;
  await ask('auth.test', () => client.auth.test());
  await ask('apps.connections.open', () => new WebClient(process.env.APP_TOKEN, options).apps.connections.open());
  const posted = await ask('chat.postMessage', () => chat.postMessage({
    channel, text: 'one', blocks: [section('one'), press('v')], parse: 'none', unfurl_links: false, unfurl_media: false,
    metadata: { event_type: 'judged', event_payload: { key: 'k1' } } }));
  await ask('chat.update', () => chat.update({ channel, ts: posted.ts, text: 'two', blocks: [section('two')], parse: 'none' }));
  await ask('in a thread', () => chat.postMessage({ channel, text: 'three', thread_ts: posted.ts }));
  await ask('chat.postEphemeral', () => chat.postEphemeral({ channel, user: 'U0ANA', text: 'four' }));
  await ask('conversations.history', () => conversations.history({ channel, limit: 5, include_all_metadata: true }));
  await ask('conversations.replies', () => conversations.replies({ channel, ts: posted.ts, limit: 5 }));
  await ask('conversations.info', () => conversations.info({ channel }));
  await ask('users.info', () => users.info({ user: 'U0ANA' }));
  await ask('usergroups.list', () => usergroups.list());
  await ask('usergroups.users.list', () => usergroups.users.list({ usergroup: 'S0ASE' }));
  await refusals(posted.ts);
}

async function refusals(ts) {
  const { chat, conversations, users, usergroups } = client;
  await ask('auth.test invalid_auth', () => new WebClient('xoxb-nobody', options).auth.test());
  await ask('auth.test not_authed', () => new WebClient(undefined, options).auth.test());
  await ask('auth.test not_allowed_token_type', () => new WebClient(process.env.APP_TOKEN, options).auth.test());
  await ask('apps.connections.open not_allowed_token_type', () => client.apps.connections.open());
  await ask('chat.postMessage channel_not_found', () => chat.postMessage({ channel: 'C0NOWHERE', text: 'x' }));
  await ask('chat.postMessage not_in_channel', () => chat.postMessage({ channel: 'C0OUTSIDE1', text: 'x' }));
  await ask('chat.postMessage no_text', () => chat.postMessage({ channel, text: '' }));
  await ask('chat.postMessage msg_too_long', () => chat.postMessage({ channel, text: 'x'.repeat(40001) }));
  await ask('chat.postMessage invalid_blocks', () => chat.postMessage({ channel, text: 'x', blocks: Array(51).fill({ type: 'divider' }) }));
  await ask('chat.postMessage invalid_blocks 2', () => chat.postMessage({ channel, text: 'x', blocks: [section('x'.repeat(3001))] }));
  await ask('chat.postMessage invalid_blocks 3', () => chat.postMessage({ channel, text: 'x', blocks: [press('v'.repeat(2001))] }));
  await ask('chat.postMessage invalid_blocks_format', () => chat.postMessage({ channel, text: 'x', blocks: 'none' }));
  await ask('chat.postMessage thread_not_found', () => chat.postMessage({ channel, text: 'x', thread_ts: '1.000001' }));
  await ask('chat.update message_not_found', () => chat.update({ channel, ts: '1.000001', text: 'x' }));
  await ask('chat.update channel_not_found', () => chat.update({ channel: 'C0NOWHERE', ts, text: 'x' }));
  await ask('chat.update msg_too_long', () => chat.update({ channel, ts, text: 'x'.repeat(4001) }));
  await ask('chat.postEphemeral user_not_in_channel', () => chat.postEphemeral({ channel, user: 'U0NOBODY', text: 'x' }));
  await ask('users.info user_not_found', () => users.info({ user: 'U0NOBODY' }));
  await ask('usergroups.users.list no_such_subteam', () => usergroups.users.list({ usergroup: 'S0NOBODY' }));
  await ask('conversations.info channel_not_found', () => conversations.info({ channel: 'C0NOWHERE' }));
  await ask('conversations.history channel_not_found', () => conversations.history({ channel: 'C0NOWHERE' }));
  await ask('conversations.replies thread_not_found', () => conversations.replies({ channel, ts: '1.000001' }));
  await ask('no.such.method unknown_method', () => client.apiCall('no.such.method'));
}

async function limits() {
  const waits = [];
  client.on(WebClientEvent.RATE_LIMITED, (seconds) => waits.push(seconds));
  const began = Date.now();
  await Promise.all(Array.from({ length: 8 }, (_, i) => ask(`post ${i}`, () => chat(i))));
  results.waits = waits;
  results.seconds = (Date.now() - began) / 1000;
  const strict = new WebClient(process.env.BOT_TOKEN, { ...options, rejectRateLimitedCalls: true });
  results.rejected = [];
  for (let i = 0; i < 8; i += 1) {
    await strict.chat.postMessage({ channel, text: 'x' }).catch((error) => results.rejected.push([error.code, error.retryAfter]));
  }
}
const chat = (i) => client.chat.postMessage({ channel, text: `${i}` });

const acts = { methods, limits, revoked: () => ask('users.info missing_scope', () => client.users.info({ user: 'U0ANA' })) };
acts[process.argv[2]]().then(() => process.stdout.write(`${JSON.stringify(results)}\n`));
