// The subscriptions of a topic, each with one correlation filter per subject that it wants.

@description('Service Bus namespace.')
@minLength(6)
@maxLength(50)
param namespaceName string

@description('The topic.')
@minLength(1)
@maxLength(260)
param topicName string

@description('As infra/topology.json has them: {name, subjects}.')
@minLength(1)
@maxLength(100)
param subscriptions array

@description('Queue that given-up messages are forwarded to.')
@minLength(1)
@maxLength(260)
param deadLetterQueue string

@description('How long a message is locked for its consumer: an ISO 8601 duration of at most five minutes.')
@minLength(3)
@maxLength(16)
param lock string

@description('How long a message is kept: an ISO 8601 duration.')
@minLength(3)
@maxLength(16)
param life string

@description('Deliveries before a message is given up.')
@minValue(1)
@maxValue(2000)
param maxDeliveryCount int

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: namespaceName
}

resource topic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' existing = {
  parent: namespace
  name: topicName
}

@batchSize(1)
resource subscription 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' = [
  for entity in subscriptions: {
    parent: topic
    name: entity.name
    properties: {
      lockDuration: lock
      maxDeliveryCount: maxDeliveryCount
      defaultMessageTimeToLive: life
      deadLetteringOnMessageExpiration: true
      deadLetteringOnFilterEvaluationExceptions: true
      forwardDeadLetteredMessagesTo: deadLetterQueue
    }
  }
]

@batchSize(1)
module rules 'subscription-rules.bicep' = [
  for (entity, i) in subscriptions: {
    name: 'rules-${entity.name}'
    params: {
      namespaceName: namespaceName
      topicName: topicName
      subscriptionName: subscription[i].name
      subjects: entity.subjects
    }
  }
]
