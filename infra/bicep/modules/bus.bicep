// Service Bus with every entity of infra/topology.json, which the local host and the tests read as well.

@description('Name of the namespace.')
@minLength(6)
@maxLength(50)
param name string

@description('Azure region.')
@minLength(1)
@maxLength(32)
param location string

@description('Tags of every resource.')
param tags object

@description('Tier.')
@allowed(['Standard', 'Premium'])
param sku string

@description('Messaging units of a Premium namespace.')
@allowed([1, 2, 4, 8, 16])
param units int

@description('Whether a Premium namespace is spread over zones.')
param zoneRedundant bool

@description('Whether only private endpoints reach it; a Standard namespace stays public.')
param isPrivate bool

@description('Log Analytics workspace that the logs are kept in.')
@minLength(1)
@maxLength(512)
param workspaceId string

var topology = loadJsonContent('../../topology.json')
var isPremium = sku == 'Premium'
var lock = 'PT${topology.lockSeconds}S'
var life = 'PT${topology.messageHours}H'
var duplicates = 'PT${topology.duplicateDetectionMinutes}M'

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: sku
    tier: sku
    capacity: isPremium ? units : null
  }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: isPrivate && isPremium ? 'Disabled' : 'Enabled'
    zoneRedundant: isPremium && zoneRedundant
  }
}

// Messages that an entity gives up are forwarded here, so that one function records them all. It has no duplicate
// detection: two subscriptions may give up the same event, and both copies, of one MessageId, must arrive. Its messages
// are delivered far more often than others, which are given up to it: what this queue gives up nobody records, and all
// that its function does is to record.
resource deadLetters 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {
  parent: namespace
  name: topology.deadLetterQueue
  properties: {
    lockDuration: lock
    maxDeliveryCount: topology.deadLetterMaxDeliveryCount
    defaultMessageTimeToLive: life
    requiresDuplicateDetection: false
    deadLetteringOnMessageExpiration: true
  }
}

@batchSize(1)
resource queue 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = [
  for entity in topology.queues: if (entity.name != topology.deadLetterQueue) {
    parent: namespace
    name: entity.name
    properties: {
      lockDuration: lock
      maxDeliveryCount: topology.maxDeliveryCount
      defaultMessageTimeToLive: life
      requiresDuplicateDetection: true
      duplicateDetectionHistoryTimeWindow: duplicates
      deadLetteringOnMessageExpiration: true
      forwardDeadLetteredMessagesTo: topology.deadLetterQueue
    }
    dependsOn: [deadLetters]
  }
]

@batchSize(1)
resource topic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' = [
  for entity in topology.topics: {
    parent: namespace
    name: entity.name
    properties: {
      defaultMessageTimeToLive: life
      requiresDuplicateDetection: true
      duplicateDetectionHistoryTimeWindow: duplicates
    }
  }
]

// Service Bus refuses changes that it is asked for at the same time within one topic.
@batchSize(1)
module subscriptions 'subscriptions.bicep' = [
  for (entity, i) in topology.topics: {
    name: 'subscriptions-${entity.name}'
    params: {
      namespaceName: namespace.name
      topicName: topic[i].name
      subscriptions: entity.subscriptions
      deadLetterQueue: deadLetters.name
      lock: lock
      life: life
      maxDeliveryCount: topology.maxDeliveryCount
    }
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: namespace
  name: 'operations'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'OperationalLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id.')
output id string = namespace.id

@description('Name of the namespace.')
output name string = namespace.name

@description('Host name, as clients want it.')
output hostName string = '${namespace.name}.servicebus.windows.net'
