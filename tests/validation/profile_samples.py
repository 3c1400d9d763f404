"""A small profile in the form of NIST/IGAMT, written for the tests, and a message that fits it."""

from __future__ import annotations

from pathlib import Path

PROFILE = """<?xml version="1.0"?>
<ConformanceProfile ID="P1" HL7Version="2.5.1" xmlns:x="urn:x" x:schemaLocation="http://nowhere.invalid/a.xsd">
 <MetaData Name="Admissions of a small hospital"/>
 <Messages><Message ID="M1" Name="Admission" Type="ORU" Event="R01" StructID="ORU_R01">
  <Segment Ref="MSH_T" Usage="R" Min="1" Max="1"/>
  <Segment Ref="PID_T" Usage="R" Min="1" Max="1"/>
  <Segment Ref="NK1_T" Usage="RE" Min="0" Max="2"/>
  <Segment Ref="PD1_T" Usage="X" Min="0" Max="0"/>
  <Group ID="G1" Name="ORDER" Usage="R" Min="1" Max="*">
   <Segment Ref="OBR_T" Usage="R" Min="1" Max="1"/>
   <Group ID="G2" Name="OBSERVATION" Usage="O" Min="0" Max="*">
    <Segment Ref="OBX_T" Usage="R" Min="1" Max="1"/>
    <Segment Ref="NTE_T" Usage="C" Min="0" Max="1"/>
   </Group>
  </Group>
 </Message></Messages>
 <Segments>
  <Segment ID="MSH_T" Name="MSH">
   FIELDS
  </Segment>
  <Segment ID="PID_T" Name="PID">
   <Field Name="Set ID" Usage="O" Min="0" Max="1" Datatype="SI" MinLength="1" MaxLength="4"/>
   <Field Name="Old ID" Usage="X" Min="0" Max="0" Datatype="ST" MinLength="1" MaxLength="20"/>
   <Field Name="Identifiers" Usage="R" Min="1" Max="2" Datatype="CX_T" MinLength="NA" MaxLength="NA"/>
   <Field Name="Withdrawn" Usage="W" Min="0" Max="1" Datatype="ST" MinLength="1" MaxLength="20"/>
   <Field Name="Name" Usage="RE" Min="0" Max="*" Datatype="ST" MinLength="1" MaxLength="20" ConfLength="NA"/>
   <Field Name="Alias" Usage="O" Min="0" Max="1" Datatype="ST" MinLength="NA" MaxLength="NA" ConfLength="5="/>
   <Field Name="Birth" Usage="O" Min="0" Max="1" Datatype="DTM" MinLength="4" MaxLength="24"/>
   <Field Name="Sex" Usage="O" Min="0" Max="1" Datatype="IS" MinLength="1" MaxLength="1" Binding="SEX"
          BindingStrength="R"/>
   <Field Name="Fixed" Usage="O" Min="0" Max="1" Datatype="ST" MinLength="1" MaxLength="9" ConstantValue="YES"/>
   <Field Name="Race" Usage="O" Min="0" Max="1" Datatype="CE" MinLength="1" MaxLength="99" Binding="RACE"
          BindingStrength="R" BindingLocation="1"/>
   <Field Name="Unbound" Usage="O" Min="0" Max="1" Datatype="IS" MinLength="1" MaxLength="9" Binding="NOWHERE"
          BindingStrength="R"/>
   <Field Name="Lengthless" Usage="O" Min="0" Max="1" Datatype="ST"/>
   <Field Name="Suggested" Usage="O" Min="0" Max="1" Datatype="IS" MinLength="1" MaxLength="9" Binding="SEX"
          BindingStrength="S"/>
   <Field Name="Undetermined" Usage="O" Min="0" Max="1" Datatype="IS" MinLength="1" MaxLength="9" Binding="SEX"
          BindingStrength="U"/>
  </Segment>
  <Segment ID="NK1_T" Name="NK1"><Field Name="Set ID" Usage="R" Min="1" Max="1" Datatype="SI" MinLength="1"
    MaxLength="4"/></Segment>
  <Segment ID="PD1_T" Name="PD1"><Field Name="Any" Usage="O" Min="0" Max="1" Datatype="ST" MinLength="1"
    MaxLength="4"/></Segment>
  <Segment ID="OBR_T" Name="OBR"><Field Name="Set ID" Usage="R" Min="1" Max="1" Datatype="SI" MinLength="1"
    MaxLength="4"/></Segment>
  <Segment ID="NTE_T" Name="NTE"><Field Name="Set ID" Usage="O" Min="0" Max="1" Datatype="SI" MinLength="1"
    MaxLength="4"/></Segment>
  <Segment ID="OBX_T" Name="OBX">
   <Field Name="Set ID" Usage="R" Min="1" Max="1" Datatype="SI" MinLength="1" MaxLength="4"/>
   <Field Name="Type" Usage="R" Min="1" Max="1" Datatype="ID" MinLength="2" MaxLength="3"/>
   <Field Name="Code" Usage="R" Min="1" Max="1" Datatype="CE" MinLength="1" MaxLength="99"/>
   <Field Name="Sub-ID" Usage="O" Min="0" Max="1" Datatype="ST" MinLength="1" MaxLength="9"/>
   <Field Name="Value" Usage="O" Min="0" Max="1" Datatype="varies" MinLength="1" MaxLength="99"/>
   <Field Name="Unit" Usage="C" Min="0" Max="1" Datatype="ST" MinLength="1" MaxLength="9"/>
   <DynamicMapping><Mapping Position="5" Reference="2">
    <Case Value="NM" Datatype="NM"/><Case Value="ST" Datatype="ST"/></Mapping></DynamicMapping>
  </Segment>
  <Segment ID="OBX_WEIGHT" Name="OBX">
   <Field Name="Set ID" Usage="R" Min="1" Max="1" Datatype="SI" MinLength="1" MaxLength="4"/>
   <Field Name="Type" Usage="R" Min="1" Max="1" Datatype="ID" MinLength="2" MaxLength="3"/>
   <Field Name="Code" Usage="R" Min="1" Max="1" Datatype="CE" MinLength="1" MaxLength="99"/>
   <Field Name="Sub-ID" Usage="O" Min="0" Max="1" Datatype="ST" MinLength="1" MaxLength="9"/>
   <Field Name="Value" Usage="R" Min="1" Max="1" Datatype="NM" MinLength="1" MaxLength="3"/>
   <Field Name="Unit" Usage="R" Min="1" Max="1" Datatype="ST" MinLength="1" MaxLength="9"/>
  </Segment>
 </Segments>
 <Datatypes>
  <Datatype ID="ST" Name="ST"/><Datatype ID="SI" Name="SI"/><Datatype ID="NM" Name="NM"/><Datatype ID="IS" Name="IS"/>
  <Datatype ID="ID" Name="ID"/><Datatype ID="DTM" Name="DTM"/><Datatype ID="varies" Name="varies"/>
  <Datatype ID="CX_T" Name="CX">
   <Component Name="ID Number" Usage="R" Datatype="ST" MinLength="1" MaxLength="15"/>
   <Component Name="Check Digit" Usage="X" Datatype="ST" MinLength="1" MaxLength="4"/>
   <Component Name="Scheme" Usage="O" Datatype="ST" MinLength="1" MaxLength="4"/>
   <Component Name="Authority" Usage="C" Datatype="HD" MinLength="NA" MaxLength="NA"/>
  </Datatype>
  <Datatype ID="HD" Name="HD">
   <Component Name="Namespace" Usage="R" Datatype="ST" MinLength="1" MaxLength="20"/>
   <Component Name="Universal ID" Usage="O" Datatype="ST" MinLength="1" MaxLength="20"/>
  </Datatype>
  <Datatype ID="CE" Name="CE">
   <Component Name="Identifier" Usage="O" Datatype="ST" MinLength="1" MaxLength="20"/>
   <Component Name="Text" Usage="O" Datatype="ST" MinLength="1" MaxLength="90"/>
   <Component Name="System" Usage="O" Datatype="ST" MinLength="1" MaxLength="20"/>
   <Component Name="Alternate" Usage="O" Datatype="ST" MinLength="1" MaxLength="20"/>
  </Datatype>
 </Datatypes>
</ConformanceProfile>
""".replace(
    "FIELDS",
    "\n   ".join(
        f'<Field Name="Field {n}" Usage="{"R" if n in (1, 2, 9) else "O"}" Min="0" Max="1" Datatype="{kind}" '
        f'MinLength="{"1" if kind == "ST" else "NA"}" MaxLength="{"99" if kind == "ST" else "NA"}"/>'
        for n, kind in enumerate(["ST"] * 8 + ["varies"] + ["ST"] * 3, start=1)
    ),
)

CONSTRAINTS = """<ConformanceContext>
 <Predicates>
  <Datatype><ByID ID="CX_T"><Predicate ID="CX4" Target="4[1]" TrueUsage="R" FalseUsage="X">
   <Description>If CX.3 is valued</Description><Condition><Presence Path="3[1]"/></Condition></Predicate></ByID>
  </Datatype>
  <Segment><ByID ID="OBX_T"><Predicate ID="UNIT" Target="6[1]" TrueUsage="R" FalseUsage="X">
   <Description>If OBX-2 is NM</Description><Condition><PlainText Path="2[1]" Text="NM" IgnoreCase="false"
   NotPresentBehavior="FAIL"/></Condition></Predicate></ByID></Segment>
  <Group><ByName Name="OBSERVATION"><Predicate ID="NTE" Target="2[1]" TrueUsage="R" FalseUsage="O">
   <Description>If OBX-4 is NOTE</Description><Condition><PlainText Path="1[1].4[1]" Text="NOTE" IgnoreCase="true"
   NotPresentBehavior="FAIL"/></Condition></Predicate></ByName></Group>
 </Predicates>
 <Constraints>
  <Segment>
   <ByID ID="PID_T">
    <Constraint ID="C1" Target="1[1]"><Description>PID-1 is 1</Description><Assertion>
     <PlainText Path="1[1]" Text="1" IgnoreCase="false"/></Assertion></Constraint>
    <Constraint ID="C2" Strength="SHOULD"><Description>PID-3.1 has digits</Description><Assertion>
     <Format Path="3[*].1[1]" Regex="[0-9]+"/></Assertion></Constraint>
   </ByID>
   <ByID ID="OBR_T"><Constraint ID="C3"><Description>another program decides</Description><Assertion>
    <Plugin QualifiedClassName="org.example.Check"/></Assertion></Constraint></ByID>
  </Segment>
  <Group><ByID ID="G2"><Constraint ID="C4"><Description>OBX-1 counts</Description><Assertion>
   <SetID Path="1[1].1[1]"/></Assertion></Constraint></ByID></Group>
 </Constraints>
</ConformanceContext>
"""

VALUE_SETS = """<ValueSetLibrary>
 <NoValidation><BindingIdentifier>OFF</BindingIdentifier></NoValidation>
 <ValueSetDefinitions Group="all" Order="1">
  <ValueSetDefinition BindingIdentifier="SEX" Extensibility="Closed">
   <ValueElement Value="F"/><ValueElement Value="M" Usage="P"/><ValueElement Value="U" Usage="E"/>
  </ValueSetDefinition>
  <ValueSetDefinition BindingIdentifier="RACE"><ValueElement Value="1" CodeSystem="L"/>
   <ValueElement Value="9n" CodePattern="9[0-9]" CodeSystem="L"/></ValueSetDefinition>
 </ValueSetDefinitions>
</ValueSetLibrary>
"""

SLICINGS = """<ProfileSlicing><SegmentSlicing><Message ID="M1"><GroupContext ID="G2"><AssertionSlicing Position="1">
 <Slice Ref="OBX_WEIGHT"><Description>weight</Description><Assertion><PlainText Path="3[1].1[1]" Text="WEIGHT"/>
 </Assertion></Slice></AssertionSlicing></GroupContext></Message></SegmentSlicing></ProfileSlicing>
"""

CO_CONSTRAINTS = """<CoConstraintContext><ByMessage ID="M1"><Context Name="ORDER" Path="5[*]">
 <Segment Name="OBX" Path="2[*].1[*]"><SimpleTable><CoConstraint Usage="O" Min="0" Max="1">
  <Selectors><Code Path="3[1]" Name="OBX-3" Code="TEMP" CodeSystem="L">
   <BindingLocation Position="1" CodePath="1[1]" CodeSystemPath="3[1]"/></Code></Selectors>
  <Constraints><PlainText Path="2[1]" Name="OBX-2" Value="NM"/></Constraints>
 </CoConstraint></SimpleTable></Segment></Context></ByMessage></CoConstraintContext>
"""

GOOD = (
    b"MSH|^~\\&|A|B|C|D|20240102||ORU^R01^ORU_R01|1|P|2.5.1\r"
    b"PID|1||123^^L^HOSP||DOE|BOB|19800102|F|YES|1^one^L\r"
    b"NK1|1\r"
    b"OBR|1\r"
    b"OBX|1|NM|HR^^L||80|bpm\r"
    b"OBX|2|ST|TEXT^^L||fine\r"
)


def write_bundle(folder: Path) -> Path:
    """The sample as a folder with all its files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "profile.xml": PROFILE,
        "constraints.xml": CONSTRAINTS,
        "valuesets.xml": VALUE_SETS,
        "slicings.xml": SLICINGS,
        "coconstraints.xml": CO_CONSTRAINTS,
    }
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder
