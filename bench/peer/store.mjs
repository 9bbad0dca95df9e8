// The store of the peer: one table for all models, on a SQLite file in WAL mode or on PostgreSQL.
import Database from 'better-sqlite3';
import pg from 'pg';

// An index for each look-up; the partial ones cost nothing to rows without such a value.
const TABLES = [
  `CREATE TABLE IF NOT EXISTS model (model TEXT, id TEXT, payload TEXT NOT NULL, grant_id TEXT, user_code TEXT,
   uid TEXT, expires_at BIGINT, consumed BIGINT, PRIMARY KEY (model, id))`,
  'CREATE INDEX IF NOT EXISTS model_grant ON model (grant_id) WHERE grant_id IS NOT NULL',
  'CREATE INDEX IF NOT EXISTS model_user_code ON model (user_code) WHERE user_code IS NOT NULL',
  'CREATE INDEX IF NOT EXISTS model_uid ON model (uid) WHERE uid IS NOT NULL',
];
const FIND = 'SELECT payload, consumed FROM model WHERE model = ? AND ';
const UPSERT = `INSERT INTO model (model, id, payload, grant_id, user_code, uid, expires_at)
  VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload,
  grant_id = excluded.grant_id, user_code = excluded.user_code, uid = excluded.uid, expires_at = excluded.expires_at`;

const now = () => Math.floor(Date.now() / 1000);

function openSqlite(path) {
  const database = new Database(path, { timeout: 5000 });
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  const prepared = new Map();
  return async (text, ...values) => {
    if (!prepared.has(text)) prepared.set(text, database.prepare(text));
    const statement = prepared.get(text);
    return statement.reader ? statement.all(...values) : statement.run(...values);
  };
}

function openPostgres(url) {
  const pool = new pg.Pool({ connectionString: url });
  // Dropping the database ends the idle connections: nobody waits for them.
  pool.on('error', () => {});
  const prepared = new Map();
  return async (text, ...values) => {
    if (!prepared.has(text)) {
      let count = 0;
      // With a name the statement is prepared once per connection, as the drivers of the others do.
      prepared.set(text, { name: `s${prepared.size}`, text: text.replace(/\?/g, () => `$${++count}`) });
    }
    return (await pool.query({ ...prepared.get(text), values })).rows;
  };
}

// `url`: the path of a SQLite file, or `postgresql://…`. Gives the class that the provider calls an adapter.
export function openStore(url) {
  const run = url.startsWith('postgresql:') ? openPostgres(url) : openSqlite(url);

  return class Adapter {
    static async makeTables() {
      for (const statement of TABLES) await run(statement);
    }

    constructor(model) {
      this.model = model;
    }

    async upsert(id, payload, expiresIn) {
      const { grantId = null, userCode = null, uid = null } = payload;
      const expiresAt = expiresIn ? now() + expiresIn : null;
      await run(UPSERT, this.model, id, JSON.stringify(payload), grantId, userCode, uid, expiresAt);
    }

    find(id) {
      return this.#one('id = ?', id);
    }

    findByUid(uid) {
      return this.#one('uid = ?', uid);
    }

    findByUserCode(userCode) {
      return this.#one('user_code = ?', userCode);
    }

    async consume(id) {
      await run('UPDATE model SET consumed = ? WHERE model = ? AND id = ?', now(), this.model, id);
    }

    async destroy(id) {
      await run('DELETE FROM model WHERE model = ? AND id = ?', this.model, id);
    }

    async revokeByGrantId(grantId) {
      await run('DELETE FROM model WHERE model = ? AND grant_id = ?', this.model, grantId);
    }

    // The provider itself looks at the expiry.
    async #one(where, value) {
      const [row] = await run(FIND + where, this.model, value);
      if (!row) return undefined;
      const payload = JSON.parse(row.payload);
      return row.consumed === null ? payload : { ...payload, consumed: Number(row.consumed) };
    }
  };
}
