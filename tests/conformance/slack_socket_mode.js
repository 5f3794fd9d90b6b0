// Slack's own Socket Mode client, without Bolt above it, against the simulated Slack. It tells each event, a line of JSON
// each; slack_socket_mode.py does what people do and judges.
'use strict';
const { SocketModeClient } = require('@slack/socket-mode');
const { LogLevel } = require('@slack/logger');

const tell = (what, more) => process.stdout.write(`${JSON.stringify({ what, ...more })}\n`);
const client = new SocketModeClient({
  appToken: process.env.APP_TOKEN,
  logLevel: LogLevel.ERROR,
  clientOptions: { slackApiUrl: process.env.SLACK_API },
});

client.on('ws_message', (data, isBinary) => tell('frame', { text: data.toString(), binary: isBinary }));
for (const state of ['connecting', 'authenticated', 'connected', 'reconnecting', 'disconnected']) client.on(state, () => tell(state));
client.on('slash_commands', async ({ ack, body, envelope_id: id, accepts_response_payload: may }) => {
  tell('slash', { id, may, body });
  await ack({ text: `acked ${body.text}` });
});
client.on('app_mention', async ({ ack, event, envelope_id: id, retry_num: retries, retry_reason: why }) => {
  tell('mention', { id, retries, why, event });
  if (retries || !event.text.endsWith('unheard')) await ack(); // Slack sends it again then
});
client.on('interactive', async ({ ack, body, envelope_id: id }) => {
  tell('interactive', { id, body });
  await ack();
});
client.on('error', (error) => tell('error', { error: String(error) }));

process.stdin.on('end', async () => { await client.disconnect(); process.exit(0); }).resume();
client.start().then(() => tell('ready'), (error) => tell('error', { error: String(error) }));
