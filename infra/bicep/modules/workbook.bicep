// The page that an operator opens: what waits for a person first, then how the system does. The queries stand in ../queries;
// how many messages there are is a metric that is not exported to the logs, so it is asked of the bus.

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

@description('Log Analytics workspace that is asked.')
@minLength(1)
@maxLength(512)
param workspaceId string

@description('Service Bus namespace whose messages are counted.')
@minLength(1)
@maxLength(512)
param busId string

var charts = [
  { title: 'Stuck sagas', kind: 'table', query: loadTextContent('../queries/stuck-sagas.kql') }
  { title: 'Parked for an operator', kind: 'table', query: loadTextContent('../queries/parked.kql') }
  { title: 'Failed parts of billing runs', kind: 'table', query: loadTextContent('../queries/failed-runs.kql') }
  { title: 'Payments without an outcome', kind: 'table', query: loadTextContent('../queries/open-payments.kql') }
  { title: 'Dependencies that could not be reached', kind: 'timechart', query: loadTextContent('../queries/dependencies.kql') }
  { title: 'Sagas by their status', kind: 'timechart', query: loadTextContent('../queries/sagas.kql') }
  { title: 'HTTP requests by status', kind: 'timechart', query: loadTextContent('../queries/requests.kql') }
  { title: 'HTTP durations in ms: half, 95 and 99 in a hundred', kind: 'timechart', query: loadTextContent('../queries/durations.kql') }
  { title: 'Functions: calls, failures, duration', kind: 'table', query: loadTextContent('../queries/functions.kql') }
  { title: 'Warnings and errors', kind: 'table', query: loadTextContent('../queries/problems.kql') }
]

var depths = [
  { title: 'Messages waiting', metric: 'ActiveMessages' }
  { title: 'Messages for later', metric: 'ScheduledMessages' }
  { title: 'Messages that could not even be parked', metric: 'DeadletteredMessages' }
]

var period = {
  type: 9
  content: {
    version: 'KqlParameterItem/1.0'
    parameters: [
      {
        id: guid(base, 'period')
        version: 'KqlParameterItem/1.0'
        name: 'period'
        label: 'Period'
        type: 4
        isRequired: true
        value: { durationMs: 86400000 }
        typeSettings: {
          selectableValues: [
            { durationMs: 3600000 }
            { durationMs: 14400000 }
            { durationMs: 86400000 }
            { durationMs: 604800000 }
            { durationMs: 2592000000 }
          ]
        }
      }
    ]
    style: 'pills'
    queryType: 0
    resourceType: 'microsoft.operationalinsights/workspaces'
  }
  name: 'period'
}

var panels = [
  for (chart, i) in charts: {
    type: 3
    content: {
      version: 'KqlItem/1.0'
      title: chart.title
      query: chart.query
      size: 0
      noDataMessage: 'Nothing'
      timeContextFromParameter: 'period'
      queryType: 0
      resourceType: 'microsoft.operationalinsights/workspaces'
      visualization: chart.kind
    }
    customWidth: '50'
    name: 'panel-${i}'
  }
]

// Aggregation 3 is the maximum.
var depthPanels = [
  for (depth, i) in depths: {
    type: 10
    content: {
      chartId: guid(base, depth.metric)
      version: 'MetricsItem/2.0'
      title: depth.title
      size: 0
      chartType: 2
      resourceType: 'microsoft.servicebus/namespaces'
      metricScope: 0
      resourceIds: [busId]
      timeContextFromParameter: 'period'
      metrics: [
        {
          namespace: 'microsoft.servicebus/namespaces'
          metric: 'microsoft.servicebus/namespaces--${depth.metric}'
          aggregation: 3
          splitBy: 'EntityName'
        }
      ]
    }
    customWidth: '50'
    name: 'depth-${i}'
  }
]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, base, 'operations')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: '${base} operations'
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: workspaceId
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([period], panels, depthPanels)
      fallbackResourceIds: [workspaceId]
      '$schema': 'https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json'
    })
  }
}
