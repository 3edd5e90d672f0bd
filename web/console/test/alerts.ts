import type { Alert } from '../src/entities'

export function alertOf(id: string, changes: Partial<Alert> = {}): Alert {
  const opened = '2026-03-12T01:05:12.000000Z'
  return {
    id, version: 1, created_at: opened, updated_at: opened, number: `A-${id}`, rule_id: 'r1', rule_revision: 4, kind: 'elder-absence',
    severity: 'high', state: 'new', place_id: 'p1', place_path: '36.3601.', place_label: '3-2-501', question: 'elder_absence',
    facts: { hours: 72, gap_hours: 0 }, opened_at: opened, last_at: opened, ongoing: false, sources: 1, acked_by: null, acked_by_name: null,
    acked_at: null, ack_due_at: null, task_id: null, outcome: null, outcome_note: null, closed_by: null, closed_at: null, escalation: 0,
    escalated_at: null, merged_into: null, silenced: false, drill: false, ...changes,
  }
}
