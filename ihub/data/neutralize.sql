-- A copy starts nothing by itself: people start what they want to try.
UPDATE ihub_integration
   SET state = 'stopped',
       state_reason = 'Stopped because this is a copy of another database.',
       state_reason_code = 'copy',
       state_date = now() AT TIME ZONE 'UTC',
       state_user_id = NULL
 WHERE state = 'running';

-- What executed when the copy was made executes elsewhere.
UPDATE ihub_run
   SET state = 'cancelled',
       message = 'Cancelled because this is a copy of another database.',
       message_code = 'cancelled_copy',
       ended_at = now() AT TIME ZONE 'UTC'
 WHERE state IN ('pending', 'running')
   AND trigger <> 'schedule';

-- What was to be tried again, or waited for a message, is to be repaired, unless it was done before:
-- as in engine/item_store.py.
UPDATE ihub_item
   SET state = CASE WHEN was_done THEN 'done' ELSE 'failed' END,
       failed_since = CASE WHEN NOT was_done
                           THEN COALESCE(failed_since, now() AT TIME ZONE 'UTC') END,
       retry_run_id = NULL
  FROM (SELECT id AS item_id,
               failed_since IS NULL AND message IS NULL AND cause IS NULL
               AND last_attempt IS NOT NULL AS was_done
          FROM ihub_item WHERE state = 'pending') waiting
 WHERE id = item_id;

UPDATE ihub_run
   SET state = 'pending'
 WHERE state = 'running'
   AND trigger = 'schedule';

-- Tokens, and cursors in what is not this database's any more.
DELETE FROM ihub_integration_state;
DELETE FROM ihub_token;

-- What was sent to the real systems, and answered.
UPDATE ihub_run SET failed_request = NULL WHERE failed_request IS NOT NULL;
UPDATE ihub_item SET failed_request = NULL WHERE failed_request IS NOT NULL;

-- What is known of servers that this database does not talk to.
DELETE FROM ihub_server;
DELETE FROM ihub_wait;

-- Passwords and keys of the real systems, of all types.
DELETE FROM ihub_secret;

-- What other systems have sent is taken by the original; a copy has an address of its own.
DELETE FROM ihub_message WHERE state = 'pending';
UPDATE ihub_integration
   SET webhook_token = NULL, webhook_secret_until = NULL
 WHERE webhook_token IS NOT NULL;

-- The question whether this was copied or moved is answered: it is at home where it is tried.
DELETE FROM ir_config_parameter WHERE key = 'ihub.home';
