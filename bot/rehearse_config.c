#include "rehearse_config.h"

#include "base/buf.h"

void rehearse_config(struct buf *yaml, const char *slack_api, const char *store, const char *map)
{
    buf_format(
        yaml,
        "chat:\n"
        "  - { name: slack, kind: slack, app_token: xapp-rehearsal-token, bot_token: xoxb-rehearsal-token,\n"
        "      api_url: \"%s\", command: /cloudtak }\n"
        "unsafe_endpoints: true\n"
        "store: { path: \"%s\" }\n"
        "metrics: { listen: \"127.0.0.1:0\" }\n"
        "door: { socket: off }\n"
        "poll: { budget: 100/s }\n" /* the world may run a hundred times as fast as the clock */
        "follow: { give_up_after: 30m }\n"
        "escalation: { name: Application Specific Engineering, mention: \"slack:group:S0ASE\", phone: \"+1 "
        "555 0100\" }\n"
        "people: [ { name: ana, ids: [\"slack:user:U0ANA\"] }, { name: bo, ids: [\"slack:user:U0BO\"] } ]\n"
        "roles: { operators: [ana, bo] }\n"
        "targets:\n"
        "  - name: cotak prod\n"
        "    preset: v13\n"
        "    production: true\n"
        "    account: \"000000000000\"\n"
        "    region: us-gov-east-1\n"
        "    allow: { channels: [\"slack:" REHEARSE_CHANNEL
        "\"], view: [any], logs: [operators], restart: [operators], "
        "downtime: [operators] }\n",
        slack_api, store);
    if (*map)
        buf_format(yaml, "    probe: \"%s\"\n", map);
}
