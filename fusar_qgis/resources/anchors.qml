<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis simplifyMaxScale="1" simplifyDrawingTol="1" simplifyAlgorithm="0" styleCategories="AllStyleCategories" labelsEnabled="0" simplifyLocal="1" version="3.22.16-Białowieża" hasScaleBasedVisibilityFlag="0" simplifyDrawingHints="1" minScale="100000000" symbologyReferenceScale="-1" readOnly="0" maxScale="0">
  <flags>
    <Identifiable>1</Identifiable>
    <Removable>1</Removable>
    <Searchable>1</Searchable>
    <Private>0</Private>
  </flags>
  <temporal accumulate="0" enabled="0" fixedDuration="0" endExpression="" startExpression="" startField="" durationUnit="min" limitMode="0" mode="0" durationField="" endField="">
    <fixedRange>
      <start></start>
      <end></end>
    </fixedRange>
  </temporal>
  <renderer-v2 referencescale="-1" symbollevels="0" enableorderby="0" type="singleSymbol" forceraster="0">
    <symbols>
      <symbol force_rhr="0" alpha="1" type="marker" clip_to_extent="1" name="0">
        <data_defined_properties>
          <Option type="Map">
            <Option value="" type="QString" name="name"/>
            <Option name="properties"/>
            <Option value="collection" type="QString" name="type"/>
          </Option>
        </data_defined_properties>
        <layer enabled="1" class="SimpleMarker" pass="0" locked="0">
          <Option type="Map">
            <Option value="0" type="QString" name="angle"/>
            <Option value="square" type="QString" name="cap_style"/>
            <Option value="76,175,80,255" type="QString" name="color"/>
            <Option value="1" type="QString" name="horizontal_anchor_point"/>
            <Option value="bevel" type="QString" name="joinstyle"/>
            <Option value="circle" type="QString" name="name"/>
            <Option value="0,0" type="QString" name="offset"/>
            <Option value="3x:0,0,0,0,0,0" type="QString" name="offset_map_unit_scale"/>
            <Option value="MM" type="QString" name="offset_unit"/>
            <Option value="255,255,255,255" type="QString" name="outline_color"/>
            <Option value="solid" type="QString" name="outline_style"/>
            <Option value="0.2" type="QString" name="outline_width"/>
            <Option value="3x:0,0,0,0,0,0" type="QString" name="outline_width_map_unit_scale"/>
            <Option value="MM" type="QString" name="outline_width_unit"/>
            <Option value="diameter" type="QString" name="scale_method"/>
            <Option value="1.8" type="QString" name="size"/>
            <Option value="3x:0,0,0,0,0,0" type="QString" name="size_map_unit_scale"/>
            <Option value="MM" type="QString" name="size_unit"/>
            <Option value="1" type="QString" name="vertical_anchor_point"/>
          </Option>
          <prop v="0" k="angle"/>
          <prop v="square" k="cap_style"/>
          <prop v="76,175,80,255" k="color"/>
          <prop v="1" k="horizontal_anchor_point"/>
          <prop v="bevel" k="joinstyle"/>
          <prop v="circle" k="name"/>
          <prop v="0,0" k="offset"/>
          <prop v="3x:0,0,0,0,0,0" k="offset_map_unit_scale"/>
          <prop v="MM" k="offset_unit"/>
          <prop v="255,255,255,255" k="outline_color"/>
          <prop v="solid" k="outline_style"/>
          <prop v="0.2" k="outline_width"/>
          <prop v="3x:0,0,0,0,0,0" k="outline_width_map_unit_scale"/>
          <prop v="MM" k="outline_width_unit"/>
          <prop v="diameter" k="scale_method"/>
          <prop v="1.8" k="size"/>
          <prop v="3x:0,0,0,0,0,0" k="size_map_unit_scale"/>
          <prop v="MM" k="size_unit"/>
          <prop v="1" k="vertical_anchor_point"/>
          <data_defined_properties>
            <Option type="Map">
              <Option value="" type="QString" name="name"/>
              <Option name="properties"/>
              <Option value="collection" type="QString" name="type"/>
            </Option>
          </data_defined_properties>
        </layer>
      </symbol>
    </symbols>
    <rotation/>
    <sizescale/>
  </renderer-v2>
  <customproperties>
    <Option/>
  </customproperties>
  <blendMode>0</blendMode>
  <featureBlendMode>0</featureBlendMode>
  <layerOpacity>1</layerOpacity>
  <geometryOptions removeDuplicateNodes="0" geometryPrecision="0">
    <activeChecks type="StringList">
      <Option value="" type="QString"/>
    </activeChecks>
    <checkConfiguration/>
  </geometryOptions>
  <legend showLabelLegend="0" type="default-vector"/>
  <referencedLayers/>
  <fieldConfiguration>
    <field configurationFlags="None" name="scene">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="source">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="year_requested">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="year_used">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="y">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="x">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A00">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A01">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A02">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A03">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A04">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A05">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A06">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A07">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A08">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A09">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A10">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A11">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A12">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A13">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A14">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A15">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A16">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A17">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A18">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A19">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A20">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A21">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A22">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A23">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A24">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A25">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A26">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A27">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A28">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A29">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A30">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A31">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A32">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A33">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A34">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A35">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A36">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A37">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A38">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A39">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A40">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A41">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A42">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A43">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A44">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A45">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A46">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A47">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A48">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A49">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A50">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A51">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A52">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A53">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A54">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A55">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A56">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A57">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A58">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A59">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A60">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A61">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A62">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A63">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option value="false" type="bool" name="IsMultiline"/>
          </Option>
        </config>
      </editWidget>
    </field>
  </fieldConfiguration>
  <aliases>
    <alias field="scene" index="0" name="Scene"/>
    <alias field="source" index="1" name="Source"/>
    <alias field="year_requested" index="2" name="Year wanted"/>
    <alias field="year_used" index="3" name="Year used"/>
    <alias field="y" index="4" name="Position down (0 to 1)"/>
    <alias field="x" index="5" name="Position across (0 to 1)"/>
    <alias field="A00" index="6" name=""/>
    <alias field="A01" index="7" name=""/>
    <alias field="A02" index="8" name=""/>
    <alias field="A03" index="9" name=""/>
    <alias field="A04" index="10" name=""/>
    <alias field="A05" index="11" name=""/>
    <alias field="A06" index="12" name=""/>
    <alias field="A07" index="13" name=""/>
    <alias field="A08" index="14" name=""/>
    <alias field="A09" index="15" name=""/>
    <alias field="A10" index="16" name=""/>
    <alias field="A11" index="17" name=""/>
    <alias field="A12" index="18" name=""/>
    <alias field="A13" index="19" name=""/>
    <alias field="A14" index="20" name=""/>
    <alias field="A15" index="21" name=""/>
    <alias field="A16" index="22" name=""/>
    <alias field="A17" index="23" name=""/>
    <alias field="A18" index="24" name=""/>
    <alias field="A19" index="25" name=""/>
    <alias field="A20" index="26" name=""/>
    <alias field="A21" index="27" name=""/>
    <alias field="A22" index="28" name=""/>
    <alias field="A23" index="29" name=""/>
    <alias field="A24" index="30" name=""/>
    <alias field="A25" index="31" name=""/>
    <alias field="A26" index="32" name=""/>
    <alias field="A27" index="33" name=""/>
    <alias field="A28" index="34" name=""/>
    <alias field="A29" index="35" name=""/>
    <alias field="A30" index="36" name=""/>
    <alias field="A31" index="37" name=""/>
    <alias field="A32" index="38" name=""/>
    <alias field="A33" index="39" name=""/>
    <alias field="A34" index="40" name=""/>
    <alias field="A35" index="41" name=""/>
    <alias field="A36" index="42" name=""/>
    <alias field="A37" index="43" name=""/>
    <alias field="A38" index="44" name=""/>
    <alias field="A39" index="45" name=""/>
    <alias field="A40" index="46" name=""/>
    <alias field="A41" index="47" name=""/>
    <alias field="A42" index="48" name=""/>
    <alias field="A43" index="49" name=""/>
    <alias field="A44" index="50" name=""/>
    <alias field="A45" index="51" name=""/>
    <alias field="A46" index="52" name=""/>
    <alias field="A47" index="53" name=""/>
    <alias field="A48" index="54" name=""/>
    <alias field="A49" index="55" name=""/>
    <alias field="A50" index="56" name=""/>
    <alias field="A51" index="57" name=""/>
    <alias field="A52" index="58" name=""/>
    <alias field="A53" index="59" name=""/>
    <alias field="A54" index="60" name=""/>
    <alias field="A55" index="61" name=""/>
    <alias field="A56" index="62" name=""/>
    <alias field="A57" index="63" name=""/>
    <alias field="A58" index="64" name=""/>
    <alias field="A59" index="65" name=""/>
    <alias field="A60" index="66" name=""/>
    <alias field="A61" index="67" name=""/>
    <alias field="A62" index="68" name=""/>
    <alias field="A63" index="69" name=""/>
  </aliases>
  <defaults>
    <default expression="" applyOnUpdate="0" field="scene"/>
    <default expression="" applyOnUpdate="0" field="source"/>
    <default expression="" applyOnUpdate="0" field="year_requested"/>
    <default expression="" applyOnUpdate="0" field="year_used"/>
    <default expression="" applyOnUpdate="0" field="y"/>
    <default expression="" applyOnUpdate="0" field="x"/>
    <default expression="" applyOnUpdate="0" field="A00"/>
    <default expression="" applyOnUpdate="0" field="A01"/>
    <default expression="" applyOnUpdate="0" field="A02"/>
    <default expression="" applyOnUpdate="0" field="A03"/>
    <default expression="" applyOnUpdate="0" field="A04"/>
    <default expression="" applyOnUpdate="0" field="A05"/>
    <default expression="" applyOnUpdate="0" field="A06"/>
    <default expression="" applyOnUpdate="0" field="A07"/>
    <default expression="" applyOnUpdate="0" field="A08"/>
    <default expression="" applyOnUpdate="0" field="A09"/>
    <default expression="" applyOnUpdate="0" field="A10"/>
    <default expression="" applyOnUpdate="0" field="A11"/>
    <default expression="" applyOnUpdate="0" field="A12"/>
    <default expression="" applyOnUpdate="0" field="A13"/>
    <default expression="" applyOnUpdate="0" field="A14"/>
    <default expression="" applyOnUpdate="0" field="A15"/>
    <default expression="" applyOnUpdate="0" field="A16"/>
    <default expression="" applyOnUpdate="0" field="A17"/>
    <default expression="" applyOnUpdate="0" field="A18"/>
    <default expression="" applyOnUpdate="0" field="A19"/>
    <default expression="" applyOnUpdate="0" field="A20"/>
    <default expression="" applyOnUpdate="0" field="A21"/>
    <default expression="" applyOnUpdate="0" field="A22"/>
    <default expression="" applyOnUpdate="0" field="A23"/>
    <default expression="" applyOnUpdate="0" field="A24"/>
    <default expression="" applyOnUpdate="0" field="A25"/>
    <default expression="" applyOnUpdate="0" field="A26"/>
    <default expression="" applyOnUpdate="0" field="A27"/>
    <default expression="" applyOnUpdate="0" field="A28"/>
    <default expression="" applyOnUpdate="0" field="A29"/>
    <default expression="" applyOnUpdate="0" field="A30"/>
    <default expression="" applyOnUpdate="0" field="A31"/>
    <default expression="" applyOnUpdate="0" field="A32"/>
    <default expression="" applyOnUpdate="0" field="A33"/>
    <default expression="" applyOnUpdate="0" field="A34"/>
    <default expression="" applyOnUpdate="0" field="A35"/>
    <default expression="" applyOnUpdate="0" field="A36"/>
    <default expression="" applyOnUpdate="0" field="A37"/>
    <default expression="" applyOnUpdate="0" field="A38"/>
    <default expression="" applyOnUpdate="0" field="A39"/>
    <default expression="" applyOnUpdate="0" field="A40"/>
    <default expression="" applyOnUpdate="0" field="A41"/>
    <default expression="" applyOnUpdate="0" field="A42"/>
    <default expression="" applyOnUpdate="0" field="A43"/>
    <default expression="" applyOnUpdate="0" field="A44"/>
    <default expression="" applyOnUpdate="0" field="A45"/>
    <default expression="" applyOnUpdate="0" field="A46"/>
    <default expression="" applyOnUpdate="0" field="A47"/>
    <default expression="" applyOnUpdate="0" field="A48"/>
    <default expression="" applyOnUpdate="0" field="A49"/>
    <default expression="" applyOnUpdate="0" field="A50"/>
    <default expression="" applyOnUpdate="0" field="A51"/>
    <default expression="" applyOnUpdate="0" field="A52"/>
    <default expression="" applyOnUpdate="0" field="A53"/>
    <default expression="" applyOnUpdate="0" field="A54"/>
    <default expression="" applyOnUpdate="0" field="A55"/>
    <default expression="" applyOnUpdate="0" field="A56"/>
    <default expression="" applyOnUpdate="0" field="A57"/>
    <default expression="" applyOnUpdate="0" field="A58"/>
    <default expression="" applyOnUpdate="0" field="A59"/>
    <default expression="" applyOnUpdate="0" field="A60"/>
    <default expression="" applyOnUpdate="0" field="A61"/>
    <default expression="" applyOnUpdate="0" field="A62"/>
    <default expression="" applyOnUpdate="0" field="A63"/>
  </defaults>
  <constraints>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="scene" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="source" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="year_requested" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="year_used" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="y" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="x" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A00" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A01" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A02" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A03" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A04" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A05" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A06" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A07" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A08" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A09" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A10" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A11" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A12" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A13" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A14" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A15" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A16" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A17" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A18" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A19" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A20" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A21" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A22" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A23" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A24" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A25" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A26" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A27" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A28" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A29" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A30" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A31" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A32" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A33" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A34" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A35" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A36" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A37" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A38" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A39" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A40" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A41" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A42" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A43" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A44" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A45" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A46" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A47" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A48" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A49" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A50" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A51" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A52" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A53" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A54" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A55" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A56" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A57" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A58" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A59" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A60" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A61" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A62" constraints="0"/>
    <constraint notnull_strength="0" exp_strength="0" unique_strength="0" field="A63" constraints="0"/>
  </constraints>
  <constraintExpressions>
    <constraint field="scene" exp="" desc=""/>
    <constraint field="source" exp="" desc=""/>
    <constraint field="year_requested" exp="" desc=""/>
    <constraint field="year_used" exp="" desc=""/>
    <constraint field="y" exp="" desc=""/>
    <constraint field="x" exp="" desc=""/>
    <constraint field="A00" exp="" desc=""/>
    <constraint field="A01" exp="" desc=""/>
    <constraint field="A02" exp="" desc=""/>
    <constraint field="A03" exp="" desc=""/>
    <constraint field="A04" exp="" desc=""/>
    <constraint field="A05" exp="" desc=""/>
    <constraint field="A06" exp="" desc=""/>
    <constraint field="A07" exp="" desc=""/>
    <constraint field="A08" exp="" desc=""/>
    <constraint field="A09" exp="" desc=""/>
    <constraint field="A10" exp="" desc=""/>
    <constraint field="A11" exp="" desc=""/>
    <constraint field="A12" exp="" desc=""/>
    <constraint field="A13" exp="" desc=""/>
    <constraint field="A14" exp="" desc=""/>
    <constraint field="A15" exp="" desc=""/>
    <constraint field="A16" exp="" desc=""/>
    <constraint field="A17" exp="" desc=""/>
    <constraint field="A18" exp="" desc=""/>
    <constraint field="A19" exp="" desc=""/>
    <constraint field="A20" exp="" desc=""/>
    <constraint field="A21" exp="" desc=""/>
    <constraint field="A22" exp="" desc=""/>
    <constraint field="A23" exp="" desc=""/>
    <constraint field="A24" exp="" desc=""/>
    <constraint field="A25" exp="" desc=""/>
    <constraint field="A26" exp="" desc=""/>
    <constraint field="A27" exp="" desc=""/>
    <constraint field="A28" exp="" desc=""/>
    <constraint field="A29" exp="" desc=""/>
    <constraint field="A30" exp="" desc=""/>
    <constraint field="A31" exp="" desc=""/>
    <constraint field="A32" exp="" desc=""/>
    <constraint field="A33" exp="" desc=""/>
    <constraint field="A34" exp="" desc=""/>
    <constraint field="A35" exp="" desc=""/>
    <constraint field="A36" exp="" desc=""/>
    <constraint field="A37" exp="" desc=""/>
    <constraint field="A38" exp="" desc=""/>
    <constraint field="A39" exp="" desc=""/>
    <constraint field="A40" exp="" desc=""/>
    <constraint field="A41" exp="" desc=""/>
    <constraint field="A42" exp="" desc=""/>
    <constraint field="A43" exp="" desc=""/>
    <constraint field="A44" exp="" desc=""/>
    <constraint field="A45" exp="" desc=""/>
    <constraint field="A46" exp="" desc=""/>
    <constraint field="A47" exp="" desc=""/>
    <constraint field="A48" exp="" desc=""/>
    <constraint field="A49" exp="" desc=""/>
    <constraint field="A50" exp="" desc=""/>
    <constraint field="A51" exp="" desc=""/>
    <constraint field="A52" exp="" desc=""/>
    <constraint field="A53" exp="" desc=""/>
    <constraint field="A54" exp="" desc=""/>
    <constraint field="A55" exp="" desc=""/>
    <constraint field="A56" exp="" desc=""/>
    <constraint field="A57" exp="" desc=""/>
    <constraint field="A58" exp="" desc=""/>
    <constraint field="A59" exp="" desc=""/>
    <constraint field="A60" exp="" desc=""/>
    <constraint field="A61" exp="" desc=""/>
    <constraint field="A62" exp="" desc=""/>
    <constraint field="A63" exp="" desc=""/>
  </constraintExpressions>
  <expressionfields/>
  <attributeactions/>
  <attributetableconfig actionWidgetStyle="dropDown" sortExpression="" sortOrder="0">
    <columns/>
  </attributetableconfig>
  <conditionalstyles>
    <rowstyles/>
    <fieldstyles/>
  </conditionalstyles>
  <storedexpressions/>
  <editform tolerant="1"></editform>
  <editforminit/>
  <editforminitcodesource>0</editforminitcodesource>
  <editforminitfilepath></editforminitfilepath>
  <editforminitcode><![CDATA[]]></editforminitcode>
  <featformsuppress>0</featformsuppress>
  <editorlayout>generatedlayout</editorlayout>
  <editable>
    <field name="A00" editable="0"/>
    <field name="A01" editable="0"/>
    <field name="A02" editable="0"/>
    <field name="A03" editable="0"/>
    <field name="A04" editable="0"/>
    <field name="A05" editable="0"/>
    <field name="A06" editable="0"/>
    <field name="A07" editable="0"/>
    <field name="A08" editable="0"/>
    <field name="A09" editable="0"/>
    <field name="A10" editable="0"/>
    <field name="A11" editable="0"/>
    <field name="A12" editable="0"/>
    <field name="A13" editable="0"/>
    <field name="A14" editable="0"/>
    <field name="A15" editable="0"/>
    <field name="A16" editable="0"/>
    <field name="A17" editable="0"/>
    <field name="A18" editable="0"/>
    <field name="A19" editable="0"/>
    <field name="A20" editable="0"/>
    <field name="A21" editable="0"/>
    <field name="A22" editable="0"/>
    <field name="A23" editable="0"/>
    <field name="A24" editable="0"/>
    <field name="A25" editable="0"/>
    <field name="A26" editable="0"/>
    <field name="A27" editable="0"/>
    <field name="A28" editable="0"/>
    <field name="A29" editable="0"/>
    <field name="A30" editable="0"/>
    <field name="A31" editable="0"/>
    <field name="A32" editable="0"/>
    <field name="A33" editable="0"/>
    <field name="A34" editable="0"/>
    <field name="A35" editable="0"/>
    <field name="A36" editable="0"/>
    <field name="A37" editable="0"/>
    <field name="A38" editable="0"/>
    <field name="A39" editable="0"/>
    <field name="A40" editable="0"/>
    <field name="A41" editable="0"/>
    <field name="A42" editable="0"/>
    <field name="A43" editable="0"/>
    <field name="A44" editable="0"/>
    <field name="A45" editable="0"/>
    <field name="A46" editable="0"/>
    <field name="A47" editable="0"/>
    <field name="A48" editable="0"/>
    <field name="A49" editable="0"/>
    <field name="A50" editable="0"/>
    <field name="A51" editable="0"/>
    <field name="A52" editable="0"/>
    <field name="A53" editable="0"/>
    <field name="A54" editable="0"/>
    <field name="A55" editable="0"/>
    <field name="A56" editable="0"/>
    <field name="A57" editable="0"/>
    <field name="A58" editable="0"/>
    <field name="A59" editable="0"/>
    <field name="A60" editable="0"/>
    <field name="A61" editable="0"/>
    <field name="A62" editable="0"/>
    <field name="A63" editable="0"/>
    <field name="scene" editable="0"/>
    <field name="source" editable="0"/>
    <field name="x" editable="0"/>
    <field name="y" editable="0"/>
    <field name="year_requested" editable="0"/>
    <field name="year_used" editable="0"/>
  </editable>
  <labelOnTop/>
  <reuseLastValue/>
  <dataDefinedFieldProperties/>
  <widgets/>
  <previewExpression></previewExpression>
  <mapTip>[% replace(replace(replace(replace(coalesce(to_string("source"), ''), '&amp;', '&amp;amp;'), '&lt;', '&amp;lt;'), '>', '&amp;gt;'), '"', '&amp;quot;') %] [% replace(replace(replace(replace(coalesce(to_string("year_used"), ''), '&amp;', '&amp;amp;'), '&lt;', '&amp;lt;'), '>', '&amp;gt;'), '"', '&amp;quot;') %]</mapTip>
  <layerGeometryType>0</layerGeometryType>
</qgis>
