// A Bolt app, as Slack's documentation shows one, against the simulated Slack. It tells what its handlers saw, a line of
// JSON each; slack_bolt.py does what people do and judges.
'use strict';
const { App, LogLevel } = require('@slack/bolt');

const tell = (what, more) => process.stdout.write(`${JSON.stringify({ what, ...more })}\n`);
const app = new App({
  token: process.env.BOT_TOKEN,
  appToken: process.env.APP_TOKEN,
  socketMode: true,
  logLevel: LogLevel.WARN,
  clientOptions: { slackApiUrl: process.env.SLACK_API },
});
const button = (text) => [
  { type: 'section', text: { type: 'mrkdwn', text } },
  { type: 'actions', elements: [{ type: 'button', action_id: 'press', value: 'v1', text: { type: 'plain_text', text: 'Press' } }] },
];

app.command('/cloudtak', async ({ command, ack, say, respond }) => {
  await ack(`acked ${command.text}`);
  const said = await say({ text: `said ${command.text}`, blocks: button(`said ${command.text}`) });
  await respond(`responded ${command.text}`);
  tell('command', { text: command.text, user: command.user_id, channel: command.channel_id, ts: said.ts });
});
app.event('app_mention', async ({ event, say }) => {
  const said = await say({ text: 'in the thread', thread_ts: event.thread_ts || event.ts });
  tell('mention', { text: event.text, user: event.user, ts: said.ts });
});
app.action('press', async ({ action, body, ack, client }) => {
  await ack();
  await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text: 'pressed', blocks: button('pressed') });
  tell('action', { value: action.value, user: body.user.id });
});
app.error(async (error) => tell('error', { error: String(error) }));
app.receiver.client.on('connected', () => tell('connected'));

process.stdin.on('end', async () => { await app.stop(); process.exit(0); }).resume();
app.start().then(() => tell('ready'), (error) => { tell('error', { error: String(error) }); process.exit(1); });
