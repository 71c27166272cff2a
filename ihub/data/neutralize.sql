-- A copy of a database that was never upgraded to this version is neutralized with this code, too:
-- what an earlier version lacks is asked for first, and comes before what every version has.
DO $$
BEGIN
    -- Since 19.0.1.1.0: cursors, and tokens, in what is not this database's any more.
    IF to_regclass('ihub_integration_state') IS NOT NULL THEN
        DELETE FROM ihub_integration_state;
    END IF;

    -- Since 19.0.1.3.0: all that follows.
    IF to_regclass('ihub_secret') IS NULL THEN
        RETURN;
    END IF;

    -- Passwords and keys of the real systems, of all types.
    DELETE FROM ihub_secret;
    DELETE FROM ihub_token;

    -- What is known of servers that this database does not talk to.
    DELETE FROM ihub_server;
    DELETE FROM ihub_wait;

    -- What was sent to the real systems, and answered.
    UPDATE ihub_run SET failed_request = NULL WHERE failed_request IS NOT NULL;
    UPDATE ihub_item SET failed_request = NULL WHERE failed_request IS NOT NULL;

    -- What was to be tried again, or waited for a message, is to be repaired, unless it was done
    -- before: as in engine/item_store.py.
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

    -- What other systems have sent is taken by the original; a copy has an address of its own.
    DELETE FROM ihub_message WHERE state = 'pending';
    UPDATE ihub_integration
       SET webhook_token = NULL, webhook_secret_until = NULL
     WHERE webhook_token IS NOT NULL;

    -- Why they are stopped and cancelled below, in the language of the reader.
    UPDATE ihub_integration SET state_reason_code = 'copy' WHERE state = 'running';
    UPDATE ihub_run
       SET message_code = 'cancelled_copy'
     WHERE state IN ('pending', 'running')
       AND trigger <> 'schedule';
END $$;

-- A copy starts nothing by itself: people start what they want to try.
UPDATE ihub_integration
   SET state = 'stopped',
       state_reason = 'Stopped because this is a copy of another database.',
       state_date = now() AT TIME ZONE 'UTC',
       state_user_id = NULL
 WHERE state = 'running';

-- What executed when the copy was made executes elsewhere.
UPDATE ihub_run
   SET state = 'cancelled',
       message = 'Cancelled because this is a copy of another database.',
       ended_at = now() AT TIME ZONE 'UTC'
 WHERE state IN ('pending', 'running')
   AND trigger <> 'schedule';

UPDATE ihub_run
   SET state = 'pending'
 WHERE state = 'running'
   AND trigger = 'schedule';

-- The question whether this was copied or moved is answered: it is at home where it is tried.
DELETE FROM ir_config_parameter WHERE key = 'ihub.home';
