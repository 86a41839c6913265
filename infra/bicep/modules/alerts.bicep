// What wakes somebody. Each row is a query of the logs whose every result is a reason; the queries stand in ../queries.

@description('Front of the names.')
@minLength(2)
@maxLength(40)
param base string

@description('Azure region.')
@minLength(1)
@maxLength(32)
param location string

@description('Tags of every resource.')
param tags object

@description('Who is told; empty tells nobody.')
@maxLength(254)
param alertEmail string

@description('The 95th percentile of an HTTP request\'s duration that is too long, in milliseconds.')
@minValue(50)
@maxValue(60000)
param latencyAlertMs int

@description('Messages that a queue or topic may have all through an hour.')
@minValue(0)
@maxValue(1000000)
param backlogAlertMessages int

@description('Log Analytics workspace that is asked.')
@minLength(1)
@maxLength(512)
param workspaceId string

@description('Service Bus namespace that is watched.')
@minLength(1)
@maxLength(512)
param busId string

// Severity: 0 critical, 1 error, 2 warning. A saga that is stuck and a run that failed are money that nobody moves.
var rules = [
  {
    name: 'stuck-sagas'
    text: 'A saga is stuck: its compensation failed for good. See /api/sagas?status=stuck, then retry it.'
    severity: 1
    window: 'PT5M'
    query: loadTextContent('../queries/stuck-sagas.kql')
  }
  {
    name: 'failed-runs'
    text: 'Part of a billing run failed. See /api/billing-runs and /api/parked.'
    severity: 1
    window: 'PT15M'
    query: loadTextContent('../queries/failed-runs.kql')
  }
  {
    name: 'dead-letters'
    text: 'Something was parked for an operator: a message was given up, or a line could not be billed. See /api/parked.'
    severity: 2
    window: 'PT15M'
    query: loadTextContent('../queries/parked.kql')
  }
  {
    name: 'outbox'
    text: 'Messages stay in the outbox: the bus does not take them. What was done is kept, but nobody is told of it until the bus takes them.'
    severity: 1
    window: 'PT15M'
    query: loadTextContent('../queries/outbox.kql')
  }
  {
    name: 'failing-functions'
    text: 'A timer or a consumer of messages keeps failing, or a handler does not start. See the warnings and errors of the workbook.'
    severity: 1
    window: 'PT30M'
    query: loadTextContent('../queries/failing-functions.kql')
  }
  {
    name: 'server-errors'
    text: 'More than one in a hundred HTTP requests were answered with 5xx.'
    severity: 1
    window: 'PT5M'
    query: loadTextContent('../queries/server-errors.kql')
  }
  {
    name: 'latency'
    text: 'HTTP requests take longer than was agreed: the 95th percentile over five minutes.'
    severity: 2
    window: 'PT5M'
    query: replace(loadTextContent('../queries/latency.kql'), 'LATENCY_MS', string(latencyAlertMs))
  }
]

// What the bus counts for each of its queues and topics (not for the subscriptions of a topic).
var busRules = [
  // Messages that nobody takes: a consumer that stands still, or is slower than what comes in. The least of an hour's moments
  // counts, since a backlog that is worked off has a moment at which it is small: a billing run puts no more messages than
  // there are buckets in its queue, and by the limits of the tables a million bills are minutes of work (on Azure nobody has
  // measured it).
  {
    name: 'backlog'
    text: 'Messages have been waiting for an hour: their consumer stands still or is too slow. See "What waits on the bus" of docs/operations.md.'
    metric: 'ActiveMessages'
    messages: backlogAlertMessages
    aggregation: 'Minimum'
    window: 'PT1H'
  }
  // What a consumer gives up is forwarded to the queue of dead letters and parked from there; a message that could not even
  // be parked stays among that queue's own dead letters, and shows here.
  {
    name: 'unparked-dead-letters'
    text: 'Messages were given up and could not be parked: look at them in the portal.'
    metric: 'DeadletteredMessages'
    messages: 0
    aggregation: 'Average'
    window: 'PT5M'
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${base}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: take(base, 12)
    emailReceivers: empty(alertEmail) ? [] : [{ name: 'operators', emailAddress: alertEmail, useCommonAlertSchema: true }]
  }
}

resource rule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for entry in rules: {
    name: 'alert-${base}-${entry.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: '${base}: ${entry.name}'
      description: entry.text
      severity: entry.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT5M'
      windowSize: entry.window
      autoMitigate: true
      // The tables are there only after the first telemetry has come in.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: entry.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [people.id] }
    }
  }
]

resource busRule 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for entry in busRules: {
    name: 'alert-${base}-${entry.name}'
    location: 'global'
    tags: tags
    properties: {
      description: entry.text
      severity: 1
      enabled: true
      scopes: [busId]
      evaluationFrequency: 'PT5M'
      windowSize: entry.window
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: 'messages'
            metricName: entry.metric
            metricNamespace: 'Microsoft.ServiceBus/namespaces'
            dimensions: [{ name: 'EntityName', operator: 'Include', values: ['*'] }]
            operator: 'GreaterThan'
            threshold: entry.messages
            timeAggregation: entry.aggregation
          }
        ]
      }
      actions: [{ actionGroupId: people.id }]
    }
  }
]

@description('Who is told.')
output actionGroupId string = people.id
