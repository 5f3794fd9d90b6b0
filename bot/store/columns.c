#include "columns.h"

#include "txn.h"

#define MEMBER_SIZE(type, member) sizeof(((type *)NULL)->member)
#define COLUMN(kind, type, member)                                                                           \
    {                                                                                                        \
#member, kind, offsetof(type, member), MEMBER_SIZE(type, member)                                     \
    }
#define OPERATION(kind, member) COLUMN(COLUMN_##kind, struct store_operation, member)
#define OUTBOX(kind, member)    COLUMN(COLUMN_##kind, struct store_outbox, member)
#define AUDIT(kind, member)     COLUMN(COLUMN_##kind, struct store_audit, member)
#define DELIVERY(kind, member)  COLUMN(COLUMN_##kind, struct txn_delivery, member)
#define MEMO(kind, member)      COLUMN(COLUMN_##kind, struct store_memo, member)

const struct column OPERATION_COLUMNS[] = {
    OPERATION(TEXT, id),
    OPERATION(TEXT, parent),
    OPERATION(INT, position),
    OPERATION(TEXT, verb),
    OPERATION(TEXT, target),
    OPERATION(TEXT, service_key),
    OPERATION(TEXT, service_name),
    OPERATION(TEXT, state),
    OPERATION(BOOL, ended),
    OPERATION(TEXT, verdict),
    OPERATION(TEXT, server),
    OPERATION(TEXT, user),
    OPERATION(TEXT, user_name),
    OPERATION(TEXT, channel),
    OPERATION(TEXT, thread),
    OPERATION(INT64, created_ms),
    OPERATION(INT64, updated_ms),
    OPERATION(INT64, acting_ms),
    OPERATION(INT64, ended_ms),
    OPERATION(INT64, duration_ms),
    OPERATION(INT64, watch_until_ms),
    OPERATION(LONG_TEXT, detail),
    OPERATION(LONG_TEXT, follow),
    COLUMN(COLUMN_MAC, struct sealed_operation, mac),
    {0},
};
const struct column OUTBOX_COLUMNS[] = {
    OUTBOX(TEXT, id),          OUTBOX(TEXT, operation),   OUTBOX(TEXT, server),      OUTBOX(TEXT, channel),
    OUTBOX(TEXT, thread_of),   OUTBOX(TEXT, thread),      OUTBOX(TEXT, private_to),  OUTBOX(TEXT, message),
    OUTBOX(INT, state),        OUTBOX(INT, version),      OUTBOX(INT, sent_version), OUTBOX(BOOL, ends),
    OUTBOX(INT64, created_ms), OUTBOX(INT64, updated_ms), OUTBOX(LONG_TEXT, card),   {0},
};
const struct column AUDIT_COLUMNS[] = {
    COLUMN(COLUMN_INT64, struct sealed_audit, number),
    AUDIT(INT64, at_ms),
    AUDIT(TEXT, operation),
    AUDIT(TEXT, who),
    AUDIT(TEXT, what),
    AUDIT(LONG_TEXT, detail),
    COLUMN(COLUMN_MAC, struct sealed_audit, mac),
    {0},
};
const struct column DELIVERY_COLUMNS[] = {DELIVERY(TEXT, key), DELIVERY(INT64, at_ms), {0}};
const struct column MEMO_COLUMNS[] = {
    MEMO(TEXT, kind), MEMO(TEXT, key), MEMO(INT64, at_ms), MEMO(LONG_TEXT, json), {0},
};
